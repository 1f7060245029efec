//! The threads that read packages. Tokio threads never block: SQLite runs here, on a bounded
//! number of threads behind a bounded queue, with a deadline that also ends the work of a client
//! who has gone.
//!
//! Shared: the queue, and for each job one deadline that its caller may set to "now". A thread owns its
//! connections; nothing of SQLite crosses threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::oneshot;

use super::queue::Queue;
use super::{OpenPackage, PackageError, PackageFile};
use crate::access::PermittedLayer;
use crate::base::limits;

/// A bounded pool of reading threads.
pub struct Pool {
    queue: Arc<Queue<Job>>,
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Why a read gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("every reading thread is busy and the queue is full")]
    Busy,
    #[error("the query took longer than it may")]
    OutOfTime,
    #[error("a permit for {permitted} was shown for {asked}")]
    WrongPermit { permitted: String, asked: String },
    #[error("a reading thread failed")]
    ThreadFailed,
    #[error(transparent)]
    Package(PackageError),
}

struct Job {
    queued: Instant,
    deadline: Arc<Deadline>,
    run: Work,
}

/// What a thread does with its connections once it is a job's turn.
type Work = Box<dyn FnOnce(&mut Connections, Turn) + Send>;

/// Whether a job's turn came in time.
enum Turn {
    InTime,
    TooLate,
}

/// Milliseconds on the process's clock after which the job must stop; 0 stops it at once.
struct Deadline(AtomicU64);

impl Deadline {
    fn passed(&self) -> bool {
        now_ms() >= self.0.load(Ordering::Relaxed)
    }
}

static CLOCK_START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now_ms() -> u64 {
    CLOCK_START.elapsed().as_millis() as u64
}

/// Ends the job when its caller drops the future, because the client went away.
struct StopOnDrop(Arc<Deadline>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(0, Ordering::Relaxed);
    }
}

impl Pool {
    /// Starts `threads` threads, which end when the pool is dropped.
    pub fn start(threads: usize) -> std::io::Result<Self> {
        LazyLock::force(&CLOCK_START);
        let pool = Pool { queue: Arc::new(Queue::holding(limits::QUERY_QUEUE)) };
        for number in 0..threads.max(1) {
            let queue = Arc::clone(&pool.queue);
            std::thread::Builder::new().name(format!("read-{number}")).spawn(move || work(&queue))?;
        }
        Ok(pool)
    }

    /// Runs `job` on the package of a permitted layer for at most `time`.
    pub async fn read<T: Send + 'static>(
        &self,
        permit: &PermittedLayer,
        package: &Arc<PackageFile>,
        time: Duration,
        job: impl FnOnce(&OpenPackage) -> Result<T, PackageError> + Send + 'static,
    ) -> Result<T, ReadError> {
        check(permit, package)?;
        let package = Arc::clone(package);
        self.run(time, move |connections, deadline| connections.with(package, deadline, job)).await
    }

    /// As [`Pool::read`], on two revisions of the layer at once.
    pub async fn read_pair<T: Send + 'static>(
        &self,
        permit: &PermittedLayer,
        packages: [&Arc<PackageFile>; 2],
        time: Duration,
        job: impl FnOnce(&OpenPackage, &OpenPackage) -> Result<T, PackageError> + Send + 'static,
    ) -> Result<T, ReadError> {
        for package in packages {
            check(permit, package)?;
        }
        let packages = packages.map(Arc::clone);
        self.run(time, move |connections, deadline| connections.with_pair(packages, deadline, job)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        time: Duration,
        job: impl FnOnce(&mut Connections, &Arc<Deadline>) -> Result<T, PackageError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let (reply, answer) = oneshot::channel();
        let deadline = Arc::new(Deadline(AtomicU64::new(u64::MAX)));
        let _stop = StopOnDrop(Arc::clone(&deadline));
        let job_deadline = Arc::clone(&deadline);
        let run = move |connections: &mut Connections, turn: Turn| {
            let result = match turn {
                Turn::TooLate => Err(ReadError::Busy),
                Turn::InTime => {
                    let end = now_ms() + time.as_millis() as u64;
                    // A caller who has left has already set 0, which must stay.
                    let _ = job_deadline.0.compare_exchange(u64::MAX, end, Ordering::Relaxed, Ordering::Relaxed);
                    job(connections, &job_deadline).map_err(ReadError::from)
                }
            };
            let _ = reply.send(result);
        };
        if !self.queue.put(Job { queued: Instant::now(), deadline, run: Box::new(run) }) {
            return Err(ReadError::Busy);
        }
        answer.await.unwrap_or(Err(ReadError::ThreadFailed))
    }
}

fn check(permit: &PermittedLayer, package: &PackageFile) -> Result<(), ReadError> {
    match permit.layer() == &package.layer {
        true => Ok(()),
        false => {
            Err(ReadError::WrongPermit { permitted: permit.layer().to_string(), asked: package.layer.to_string() })
        }
    }
}

impl From<PackageError> for ReadError {
    fn from(error: PackageError) -> Self {
        match error {
            PackageError::Interrupted => ReadError::OutOfTime,
            other => ReadError::Package(other),
        }
    }
}

fn work(queue: &Queue<Job>) {
    let mut connections = Connections::default();
    while let Some(job) = queue.take() {
        if job.deadline.passed() {
            continue;
        }
        let turn = if job.queued.elapsed() > limits::QUEUE_WAIT { Turn::TooLate } else { Turn::InTime };
        let run = job.run;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&mut connections, turn)));
        if outcome.is_err() {
            // What a panic left half-done inside a connection is not to be used again.
            connections = Connections::default();
        }
    }
}

/// The packages that one thread has open, the latest used last.
struct Connections {
    open: Vec<OpenPackage>,
    /// The deadline of the running job, read by the handler that SQLite calls as it works.
    current: Arc<ArcSwap<Deadline>>,
}

impl Default for Connections {
    fn default() -> Self {
        Connections { open: Vec::new(), current: Arc::new(ArcSwap::from_pointee(Deadline(AtomicU64::new(u64::MAX)))) }
    }
}

impl Connections {
    fn with<T>(
        &mut self,
        package: Arc<PackageFile>,
        deadline: &Arc<Deadline>,
        job: impl FnOnce(&OpenPackage) -> Result<T, PackageError>,
    ) -> Result<T, PackageError> {
        self.current.store(Arc::clone(deadline));
        let opened = self.take(package)?;
        let result = job(&opened);
        self.give_back(opened);
        result
    }

    fn with_pair<T>(
        &mut self,
        [first, second]: [Arc<PackageFile>; 2],
        deadline: &Arc<Deadline>,
        job: impl FnOnce(&OpenPackage, &OpenPackage) -> Result<T, PackageError>,
    ) -> Result<T, PackageError> {
        self.current.store(Arc::clone(deadline));
        let first = self.take(first)?;
        let second = self.take(second)?;
        let result = job(&first, &second);
        self.give_back(first);
        self.give_back(second);
        result
    }

    fn take(&mut self, package: Arc<PackageFile>) -> Result<OpenPackage, PackageError> {
        match self.open.iter().position(|open| open.package().path == package.path) {
            Some(place) => Ok(self.open.remove(place)),
            None => self.connect(package),
        }
    }

    fn give_back(&mut self, opened: OpenPackage) {
        self.open.push(opened);
        if self.open.len() > limits::CONNECTIONS_PER_THREAD {
            self.open.remove(0);
        }
    }

    fn connect(&self, package: Arc<PackageFile>) -> Result<OpenPackage, PackageError> {
        let mut opened = OpenPackage::open(package)?;
        let current = Arc::clone(&self.current);
        opened.stop_when(move || current.load().passed())?;
        Ok(opened)
    }
}
