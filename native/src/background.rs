//! One thread of this process that does work in the order in which it is given, beside the interpreter.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

type Work = Box<dyn FnOnce() + Send>;

static QUEUE: OnceLock<Sender<Work>> = OnceLock::new();

/// Let `work` be done. If it panics its result never comes: whoever waits is told by the channel's end.
pub fn run(work: impl FnOnce() + Send + 'static) {
    let queue = QUEUE.get_or_init(|| {
        let (send, receive) = channel::<Work>();
        thread::spawn(move || {
            for each in receive {
                let _ = catch_unwind(AssertUnwindSafe(each));
            }
        });
        send
    });
    // Cannot fail: the thread ends with the process only.
    let _ = queue.send(Box::new(work));
}

#[cfg(test)]
mod tests {
    use super::run;
    use std::sync::mpsc::channel;

    #[test]
    fn work_is_done_in_order_whatever_fails() {
        let (send, receive) = channel();
        for number in 0..5 {
            let send = send.clone();
            run(move || {
                assert_ne!(number, 2, "this one fails");
                send.send(number).unwrap();
            });
        }
        drop(send);
        assert_eq!(receive.iter().collect::<Vec<_>>(), [0, 1, 3, 4]);
    }
}
