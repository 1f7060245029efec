//! A bounded queue before threads that wait for work. What comes in wakes one of them and no other: the one
//! that came to rest last, whose connections and memory are still warm.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

/// What waits for a thread, the first first, and the threads that wait for something to do.
pub struct Queue<T> {
    state: Mutex<State<T>>,
    waiting_max: usize,
}

struct State<T> {
    waiting: VecDeque<T>,
    /// Threads without work, the last to rest last.
    resting: Vec<Thread>,
    is_closed: bool,
}

impl<T> Queue<T> {
    pub fn holding(waiting_max: usize) -> Self {
        let state = State { waiting: VecDeque::new(), resting: Vec::new(), is_closed: false };
        Queue { state: Mutex::new(state), waiting_max }
    }

    /// Puts one at the end; `false` where the queue is full.
    pub fn put(&self, one: T) -> bool {
        let mut state = self.state();
        if state.waiting.len() >= self.waiting_max {
            return false;
        }
        state.waiting.push_back(one);
        let next = state.resting.pop();
        drop(state);
        if let Some(thread) = next {
            thread.unpark();
        }
        true
    }

    /// The first in the queue, once there is one; `None` once the queue is closed and empty.
    pub fn take(&self) -> Option<T> {
        loop {
            let mut state = self.state();
            if let Some(one) = state.waiting.pop_front() {
                return Some(one);
            }
            if state.is_closed {
                return None;
            }
            let own = thread::current();
            let id = own.id();
            state.resting.push(own);
            drop(state);
            thread::park();
            // It may have woken without being called.
            self.state().resting.retain(|thread| thread.id() != id);
        }
    }

    /// Lets threads go once nothing waits.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let resting = std::mem::take(&mut state.resting);
        drop(state);
        resting.iter().for_each(Thread::unpark);
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn everything_is_taken_once_by_one_of_the_threads_and_those_end_when_it_is_closed() {
        const ROUNDS: usize = 2_000;
        let queue = Queue::holding(8);
        let (taken, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(number) = queue.take() {
                        taken.fetch_add(1, Ordering::Relaxed);
                        sum.fetch_add(number, Ordering::Relaxed);
                    }
                });
            }
            for number in 0..ROUNDS {
                while !queue.put(number) {
                    thread::yield_now();
                }
            }
            queue.close();
        });
        assert_eq!((taken.into_inner(), sum.into_inner()), (ROUNDS, ROUNDS * (ROUNDS - 1) / 2));
    }

    #[test]
    fn the_thread_that_rested_last_is_woken() {
        let queue = Queue::holding(8);
        let takers: Mutex<Vec<usize>> = Mutex::default();
        thread::scope(|scope| {
            for number in 0..3 {
                let (queue, takers) = (&queue, &takers);
                scope.spawn(move || {
                    while queue.take().is_some() {
                        takers.lock().unwrap().push(number);
                    }
                });
                while queue.state().resting.len() <= number {
                    thread::yield_now();
                }
            }
            for round in 1..=3 {
                queue.put(());
                while takers.lock().unwrap().len() < round || queue.state().resting.len() < 3 {
                    thread::yield_now();
                }
            }
            queue.close();
        });
        assert_eq!(takers.into_inner().unwrap(), [2, 2, 2]);
    }

    #[test]
    fn no_more_wait_than_it_holds() {
        let queue = Queue::holding(2);
        assert!(queue.put(1) && queue.put(2) && !queue.put(3));
        assert_eq!(queue.take(), Some(1));
        assert!(queue.put(3));
        queue.close();
        assert_eq!([queue.take(), queue.take(), queue.take()], [Some(2), Some(3), None]);
    }
}
