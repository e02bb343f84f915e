//! A real PostgreSQL for tests: a throwaway cluster without rights, reached by a socket in its own folder, and a small
//! proxy that is slow, cuts and falls silent on demand.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// A server that does not come up in this time never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the server until its input ends, then takes everything away, unless it reads `keep`.
const KEEPER: &str = r#""$1" -D "$2/data" -k "$2" >> "$2/log" 2>&1 &
pid=$!
read word
kill -INT $pid 2> /dev/null
wait $pid
[ "$word" = keep ] || rm -rf "$2""#;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A server with its folder. It ends with this value, and also when the test's process is killed.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    /// Names the socket; of TCP only where the cluster listens there.
    pub port: u16,
    keeper: Option<Child>,
}

/// The server all tests of a binary share; `None` where PostgreSQL is not installed, which is a failure in CI.
pub async fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceCell<Option<Cluster>> = OnceCell::const_new();
    SHARED.get_or_init(Cluster::start).await.as_ref()
}

impl Cluster {
    /// A server of one's own.
    pub async fn start() -> Option<Cluster> {
        Cluster::start_with(None).await
    }

    /// A server of one's own that speaks TLS at a port of this machine, with this certificate and the key beside it.
    pub async fn start_with_tls(certificate: &Path) -> Option<Cluster> {
        Cluster::start_with(Some(certificate)).await
    }

    async fn start_with(certificate: Option<&Path>) -> Option<Cluster> {
        let Some(programs) = programs() else {
            let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(
                !is_ci,
                "PostgreSQL is not installed (apt-get install postgresql)"
            );
            println!("skipped: PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("salon-pg-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let mode = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(&folder, mode).unwrap();
        let owner = owner();
        if let Some((user, group)) = owner {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let mut cluster = Cluster {
            folder,
            programs,
            owner,
            port: 5432,
            keeper: None,
        };
        let done = cluster
            .command(&cluster.programs.join("initdb"))
            .args([
                "-U",
                "salon",
                "-A",
                "trust",
                "-N",
                "--no-locale",
                "-E",
                "UTF8",
                "-D",
            ])
            .arg(cluster.folder.join("data"))
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        let mut settings = "listen_addresses = ''\nfsync = off\nmax_connections = 60\nunix_socket_permissions = 0777\n".to_owned();
        if let Some(certificate) = certificate {
            cluster.port = cluster.take_tls(certificate);
            settings.push_str(&format!(
                "listen_addresses = '127.0.0.1'\nport = {}\nssl = on\nssl_cert_file = '../cert.pem'\nssl_key_file = '../key.pem'\n",
                cluster.port
            ));
        }
        let file = cluster.folder.join("data/postgresql.conf");
        let shipped = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, shipped + &settings).unwrap();
        let rules = "local all guarded scram-sha-256\nlocal all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        std::fs::write(cluster.folder.join("data/pg_hba.conf"), rules).unwrap();
        cluster.run().await;
        Some(cluster)
    }

    /// Puts certificate and key where the server may read them; a port that is free.
    fn take_tls(&self, certificate: &Path) -> u16 {
        for (file, name) in [
            (certificate.to_owned(), "cert.pem"),
            (certificate.with_file_name("key.pem"), "key.pem"),
        ] {
            let copy = self.folder.join(name);
            std::fs::copy(file, &copy).unwrap();
            std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = self.owner {
                chown(&copy, Some(user), Some(group)).unwrap();
            }
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).stdin(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    /// Starts the server that was killed or stopped.
    pub async fn run(&mut self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let keeper = self
                .command(Path::new("sh"))
                .args(["-c", KEEPER, "keeper"])
                .arg(self.programs.join("postgres"))
                .arg(&self.folder)
                .stdin(Stdio::piped())
                .spawn();
            self.keeper = Some(keeper.unwrap());
            // What a killed server left in memory goes with its last process; until then a new one gives up.
            for _ in 0..100 {
                if self.options("postgres").connect().await.is_ok() {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "PostgreSQL does not start:\n{log}");
            self.leave_keeper();
        }
    }

    /// Ends the server as `kill -9` does.
    pub fn kill(&mut self) {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = file.lines().next().unwrap();
        let done = Command::new("kill").args(["-9", pid]).status().unwrap();
        assert!(done.success());
        self.leave_keeper();
    }

    fn leave_keeper(&mut self) {
        let mut keeper = self.keeper.take().unwrap();
        let _ = keeper.stdin.take().unwrap().write_all(b"keep\n");
        keeper.wait().unwrap();
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.folder)
            .port(self.port)
            .username("salon")
            .database(database)
            .disable_statement_logging()
    }

    /// A new database.
    pub async fn database(&self) -> Database<'_> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let mut admin = self.options("postgres").connect().await.unwrap();
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&mut admin).await.unwrap();
        Database {
            cluster: self,
            name,
        }
    }

    /// A database that was made before.
    pub fn named(&self, name: &str) -> Database<'_> {
        Database {
            cluster: self,
            name: name.to_owned(),
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }
}

/// A database of its own.
pub struct Database<'a> {
    cluster: &'a Cluster,
    pub name: String,
}

impl Database<'_> {
    /// Its address for this role, by the socket.
    pub fn url(&self, role: &str) -> String {
        let folder = self
            .cluster
            .folder
            .display()
            .to_string()
            .replace('/', "%2F");
        format!("postgres://{role}@{folder}/{}", self.name)
    }

    /// Its address through that proxy.
    pub fn url_by(&self, proxy: &Proxy) -> String {
        format!("postgres://salon@127.0.0.1:{}/{}", proxy.port, self.name)
    }

    pub async fn connect(&self) -> PgConnection {
        self.cluster.options(&self.name).connect().await.unwrap()
    }

    /// Runs statements as the owner.
    pub async fn run(&self, sql: &str) {
        let mut connection = self.connect().await;
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }

    /// The rows of a query, each as its columns' texts joined by `|`.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let mut connection = self.connect().await;
        let rows: Vec<PgRow> =
            sqlx::raw_sql(AssertSqlSafe(format!("SELECT t::text FROM ({sql}) AS t")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub async fn one(&self, sql: &str) -> String {
        self.rows(sql).await.remove(0)
    }
}

/// Where `initdb` and `postgres` are.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut packaged: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path().join("bin"))
        .collect();
    packaged.sort();
    folders.extend(packaged.into_iter().rev());
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// PostgreSQL refuses root: whom to run it as then.
fn owner() -> Option<(u32, u32)> {
    let me = Command::new("id").arg("-u").output().unwrap();
    if me.stdout.trim_ascii() != b"0" {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let line = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?;
        let mut parts = line.split(':').skip(2);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    of("postgres").or_else(|| of("nobody"))
}

/// What a proxy does to what it passes on.
#[derive(Default)]
struct Whims {
    /// Milliseconds before each piece from the server.
    delay: AtomicU64,
    /// Bytes from the client until the connection is cut; below zero: never.
    budget: AtomicI64,
    is_silent: AtomicBool,
    connections: AtomicU32,
}

/// A way to a server that has whims.
pub struct Proxy {
    pub port: u16,
    whims: Arc<Whims>,
    _running: JoinSet<()>,
}

impl Proxy {
    pub async fn to(socket: PathBuf) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let whims = Arc::new(Whims::default());
        whims.budget.store(-1, Ordering::Relaxed);
        let mut running = JoinSet::new();
        running.spawn(accept(listener, socket, Arc::clone(&whims)));
        Proxy {
            port,
            whims,
            _running: running,
        }
    }

    /// From now on each piece from the server takes so long.
    pub fn slow(&self, delay: Duration) {
        let ms = u64::try_from(delay.as_millis()).unwrap();
        self.whims.delay.store(ms, Ordering::Relaxed);
    }

    /// Cuts every connection once the client has sent so many bytes more.
    pub fn cut_after(&self, bytes: i64) {
        self.whims.budget.store(bytes, Ordering::Relaxed);
    }

    pub fn heal(&self) {
        self.whims.budget.store(-1, Ordering::Relaxed);
        self.whims.delay.store(0, Ordering::Relaxed);
        self.whims.is_silent.store(false, Ordering::Relaxed);
    }

    /// New connections are taken and never answered.
    pub fn fall_silent(&self) {
        self.whims.is_silent.store(true, Ordering::Relaxed);
    }

    /// How often somebody connected.
    pub fn connections(&self) -> u32 {
        self.whims.connections.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, whims: Arc<Whims>) {
    let mut running = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        whims.connections.fetch_add(1, Ordering::Relaxed);
        let (socket, whims) = (socket.clone(), Arc::clone(&whims));
        running.spawn(async move {
            if whims.is_silent.load(Ordering::Relaxed) {
                // The connection stays open as long as this task.
                let _held = client;
                return std::future::pending().await;
            }
            let Ok(server) = UnixStream::connect(socket).await else {
                return;
            };
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            let up = async {
                let mut bytes = [0; 4096];
                loop {
                    let read = from_client.read(&mut bytes).await.unwrap_or(0);
                    let budget = whims.budget.load(Ordering::Relaxed);
                    let allowed = match usize::try_from(budget) {
                        Ok(left) => read.min(left),
                        Err(_) => read,
                    };
                    if budget >= 0 {
                        let spent = i64::try_from(allowed).unwrap();
                        whims.budget.fetch_sub(spent, Ordering::Relaxed);
                    }
                    if read == 0
                        || to_server.write_all(&bytes[..allowed]).await.is_err()
                        || allowed < read
                    {
                        return;
                    }
                }
            };
            let down = async {
                let mut bytes = [0; 4096];
                loop {
                    let read = from_server.read(&mut bytes).await.unwrap_or(0);
                    sleep(Duration::from_millis(whims.delay.load(Ordering::Relaxed))).await;
                    if read == 0 || to_client.write_all(&bytes[..read]).await.is_err() {
                        return;
                    }
                }
            };
            tokio::select! {
                () = up => {}
                () = down => {}
            }
        });
    }
}
