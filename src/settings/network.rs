//! The way to the network: certificate roots, and proxies of the settings and of the environment.

use std::path::PathBuf;

use super::paths::absolute;
use super::reader::{Reader, Shown, path};
use super::{Layer, Layers, Network, Proxies};

/// How an address of a proxy may begin.
const SCHEMES: [&str; 6] = [
    "http://",
    "https://",
    "socks4://",
    "socks4a://",
    "socks5://",
    "socks5h://",
];

/// What holds for all providers. `SSL_CERT_FILE` counts where no file is set.
pub(super) fn read(layers: &Layers, reader: &mut Reader) -> Network {
    let roots = path("network.ca_file");
    let set = reader.read(&roots, Shown::Open, |file| {
        Ok(absolute(layers, file.as_ref()))
    });
    let shared = layers.variable("SSL_CERT_FILE").filter(|_| set.is_none());
    if let Some(file) = shared {
        reader.origin(&roots, file.to_owned(), Layer::Environment);
    }
    let proxy = reader.read(&path("network.proxy"), Shown::Hidden, |text| {
        if SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            Ok(text.to_owned())
        } else {
            Err("an address such as http://proxy.example.org:3128".to_owned())
        }
    });
    Network {
        proxy,
        ca_file: set.or(shared.map(PathBuf::from)),
        proxies: proxies(layers),
    }
}

/// The variables every program reads, small letters first as curl does it. `HTTP_PROXY` in capitals counts too.
fn proxies(layers: &Layers) -> Proxies {
    let first = |names: &[&str]| {
        let found = names.iter().find_map(|name| {
            let value = layers.variable(name)?;
            Some(((*name).to_owned(), value.to_owned()))
        });
        found.map(|(name, value)| match value.contains("://") {
            true => (name, value),
            false => (name, format!("http://{value}")),
        })
    };
    let all = ["all_proxy", "ALL_PROXY"];
    Proxies {
        https: first(&["https_proxy", "HTTPS_PROXY"]).or_else(|| first(&all)),
        http: first(&["http_proxy", "HTTP_PROXY"]).or_else(|| first(&all)),
        except: layers
            .variable("no_proxy")
            .or_else(|| layers.variable("NO_PROXY"))
            .unwrap_or_default()
            .to_owned(),
    }
}
