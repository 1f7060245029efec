//! What waits for a reading thread. The thread that rested last is woken first: what it has read of a
//! package is still in its connection, and the others sleep on.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

/// A bounded queue that many put into and many take from.
pub struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    room: usize,
}

struct Waiting<T> {
    jobs: VecDeque<T>,
    /// Threads that found nothing to do, the one that rested last at the end.
    resting: Vec<Thread>,
    is_closed: bool,
}

/// There is no room left.
#[derive(Debug, PartialEq, Eq)]
pub struct Full;

impl<T> Queue<T> {
    pub fn new(room: usize) -> Self {
        let waiting = Waiting { jobs: VecDeque::new(), resting: Vec::new(), is_closed: false };
        Queue { waiting: Mutex::new(waiting), room }
    }

    pub fn put(&self, job: T) -> Result<(), Full> {
        let mut waiting = self.lock();
        if waiting.jobs.len() >= self.room {
            return Err(Full);
        }
        waiting.jobs.push_back(job);
        let woken = waiting.resting.pop();
        drop(waiting);
        if let Some(thread) = woken {
            thread.unpark();
        }
        Ok(())
    }

    /// Waits for the next; `None` once the queue is closed.
    pub fn take(&self) -> Option<T> {
        let this = thread::current();
        loop {
            let mut waiting = self.lock();
            // A thread may wake unasked; it is no longer to be woken once it works.
            waiting.resting.retain(|thread| thread.id() != this.id());
            if waiting.is_closed {
                return None;
            }
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            waiting.resting.push(this.clone());
            drop(waiting);
            thread::park();
        }
    }

    /// Lets go of what waits and ends all threads that take.
    pub fn close(&self) {
        let mut waiting = self.lock();
        waiting.is_closed = true;
        waiting.jobs.clear();
        waiting.resting.drain(..).for_each(|thread| thread.unpark());
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_has_no_room_is_refused_and_what_has_comes_in_order() {
        let queue = Queue::new(2);
        assert_eq!([queue.put(1), queue.put(2), queue.put(3)], [Ok(()), Ok(()), Err(Full)]);
        assert_eq!([queue.take(), queue.take()], [Some(1), Some(2)]);
    }

    #[test]
    fn every_job_is_done_once_by_whoever_is_free() {
        let queue = Arc::new(Queue::new(10_000));
        let done = |queue: Arc<Queue<u64>>| {
            thread::spawn(move || {
                let mut sum = 0;
                while let Some(job) = queue.take() {
                    sum += job;
                    if job == 1_000 {
                        queue.close();
                    }
                }
                sum
            })
        };
        let threads: Vec<_> = (0..4).map(|_| done(Arc::clone(&queue))).collect();
        for job in 1..1_000 {
            queue.put(job).unwrap();
            if job % 7 == 0 {
                thread::yield_now();
            }
        }
        while !queue.lock().jobs.is_empty() {
            thread::yield_now();
        }
        queue.put(1_000).unwrap();
        let sum: u64 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(sum, 500_500);
    }
}
