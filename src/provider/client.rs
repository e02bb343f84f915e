//! The HTTP clients: built at the first use, one for each way out of this machine.

use std::path::PathBuf;

use reqwest::tls::Certificate;
use reqwest::{Client, ClientBuilder, NoProxy, Proxy, redirect};
use tokio::sync::Mutex;

use crate::domain::failure::{Failure, FailureKind};
use crate::provider::transport::{CONNECT, of_building, of_proxy};
use crate::settings::Network;

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
    /// The system's roots and those in these files; where the system has none, those salon brings along.
    System(Vec<PathBuf>),
}

/// The clients made so far; there are never more than a few.
pub struct Clients {
    network: Network,
    made: Mutex<Vec<(Way, Client)>>,
}

impl Clients {
    /// None is built yet.
    pub fn new(network: Network) -> Clients {
        Clients {
            network,
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
        let Trust::System(files) = &way.trust else {
            let builder = self.builder(way)?.tls_certs_only([]);
            return builder.build().map_err(|error| of_building(&error));
        };
        let mut roots = Vec::new();
        for file in files {
            roots.extend(read_roots(file).await?);
        }
        let with_system = self.builder(way)?.tls_certs_merge(roots.clone()).build();
        let error = match with_system {
            Ok(client) => return Ok(client),
            Err(error) => error,
        };
        // Most likely the system has no roots at all, as in a bare container.
        tracing::warn!("the system's certificate roots cannot be used, the bundled ones are");
        let bundled = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let bundled = bundled.filter_map(|der| Certificate::from_der(der).ok());
        let builder = self.builder(way)?.tls_certs_only(bundled.chain(roots));
        builder.build().map_err(|_| of_building(&error))
    }

    fn builder(&self, way: &Way) -> Result<ClientBuilder, Failure> {
        let mut builder = Client::builder()
            .user_agent(concat!("salon/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never());
        if way.is_direct {
            return Ok(builder.no_proxy());
        }
        let set = &self.network.proxies;
        let except = || NoProxy::from_string(&set.except);
        if let Some(proxy) = &self.network.proxy {
            let proxy = Proxy::all(proxy).map_err(|error| of_proxy("network.proxy", &error))?;
            return Ok(builder.proxy(proxy.no_proxy(except())));
        }
        if let Some((name, address)) = &set.https {
            let proxy = Proxy::https(address).map_err(|error| of_proxy(name, &error))?;
            builder = builder.proxy(proxy.no_proxy(except()));
        }
        if let Some((name, address)) = &set.http {
            let proxy = Proxy::http(address).map_err(|error| of_proxy(name, &error))?;
            builder = builder.proxy(proxy.no_proxy(except()));
        }
        Ok(builder)
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
    use crate::settings::Proxies;

    fn network(proxy: Option<&str>) -> Network {
        Network {
            proxy: proxy.map(str::to_owned),
            ca_file: None,
            proxies: Proxies::default(),
        }
    }

    #[tokio::test]
    async fn a_client_is_built_once_for_a_way() {
        let clients = Clients::new(network(None));
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
            let clients = Clients::new(network(None));
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

    #[test]
    fn the_bundled_roots_are_all_read() {
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        let read = roots
            .iter()
            .filter(|der| Certificate::from_der(der).is_ok());
        assert!(roots.len() > 50);
        assert_eq!(read.count(), roots.len());
    }

    #[tokio::test]
    async fn a_proxy_that_is_no_address_is_a_failure() {
        let clients = Clients::new(network(Some("http://[")));
        let way = Way {
            is_direct: false,
            trust: Trust::Nobody,
        };
        let failure = clients.get(&way).await.unwrap_err();
        assert!(failure.title.contains("network.proxy"), "{failure}");
    }
}
