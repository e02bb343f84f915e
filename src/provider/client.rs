//! The HTTP clients: built at the first use, one for each way out of this machine.

use std::path::PathBuf;

use reqwest::tls::Certificate;
use reqwest::{Client, NoProxy, Proxy, redirect};
use tokio::sync::Mutex;

use crate::domain::failure::{Failure, FailureKind};
use crate::provider::transport::{CONNECT, of_building};

/// What a client must be able to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// No proxy: the server is on this machine.
    pub is_direct: bool,
    pub trust: Trust,
}

/// Which certificates count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Plain HTTP: none are needed, and none need be there.
    Nobody,
    /// The system's roots and those in these files.
    System(Vec<PathBuf>),
}

/// The clients made so far; there are never more than a few.
pub struct Clients {
    proxy: Option<String>,
    made: Mutex<Vec<(Way, Client)>>,
}

impl Clients {
    /// None is built yet. `proxy` is the settings' one; without it the environment's holds.
    pub fn new(proxy: Option<String>) -> Clients {
        Clients {
            proxy,
            made: Mutex::new(Vec::new()),
        }
    }

    /// The client for this way.
    pub async fn get(&self, way: &Way) -> Result<Client, Failure> {
        let mut made = self.made.lock().await;
        if let Some((_, client)) = made.iter().find(|(known, _)| known == way) {
            return Ok(client.clone());
        }
        let client = self.build(way).await?;
        made.push((way.clone(), client.clone()));
        Ok(client)
    }

    async fn build(&self, way: &Way) -> Result<Client, Failure> {
        // Whoever came first has set it for the whole process; that is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("salon/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never());
        if way.is_direct {
            builder = builder.no_proxy();
        } else if let Some(proxy) = &self.proxy {
            let proxy = Proxy::all(proxy).map_err(|error| of_building(&error))?;
            builder = builder.proxy(proxy.no_proxy(NoProxy::from_env()));
        }
        builder = match &way.trust {
            Trust::Nobody => builder.tls_certs_only([]),
            Trust::System(files) => {
                let mut roots = Vec::new();
                for file in files {
                    roots.extend(read_roots(file).await?);
                }
                builder.tls_certs_merge(roots)
            }
        };
        builder.build().map_err(|error| of_building(&error))
    }
}

async fn read_roots(file: &PathBuf) -> Result<Vec<Certificate>, Failure> {
    let failed = |why: String| {
        Failure::new(
            FailureKind::Input,
            format!("The file of certificates {} cannot be used", file.display()),
            "Name a file with certificates in PEM form in `ca_file`.",
        )
        .with_detail(why)
    };
    let bytes = tokio::fs::read(file)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let roots = Certificate::from_pem_bundle(&bytes).map_err(|error| failed(error.to_string()))?;
    if roots.is_empty() {
        return Err(failed("it holds no certificate".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_is_built_once_for_a_way() {
        let clients = Clients::new(None);
        let way = Way {
            is_direct: true,
            trust: Trust::Nobody,
        };
        clients.get(&way).await.unwrap();
        clients.get(&way).await.unwrap();
        assert_eq!(clients.made.lock().await.len(), 1);
    }

    #[tokio::test]
    async fn a_missing_or_empty_file_of_roots_is_a_failure_with_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty.pem");
        std::fs::write(&empty, "no certificate").unwrap();
        for file in [dir.path().join("none.pem"), empty] {
            let clients = Clients::new(None);
            let trust = Trust::System(vec![file.clone()]);
            let way = Way {
                is_direct: false,
                trust,
            };
            let failure = clients.get(&way).await.unwrap_err();
            assert!(
                failure.title.contains(&*file.to_string_lossy()),
                "{failure}"
            );
        }
    }

    #[tokio::test]
    async fn a_proxy_that_is_no_address_is_a_failure() {
        let clients = Clients::new(Some("http://[".to_owned()));
        let way = Way {
            is_direct: false,
            trust: Trust::Nobody,
        };
        let failure = clients.get(&way).await.unwrap_err();
        assert!(failure.remedy.contains("network.proxy"), "{failure}");
    }
}
