//! dbtool and the plain client library at the same work, taking turns.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use super::house::House;
use super::plain;
use super::times::Times;
use super::work::{Kind, Seen, Task, Worker};

const ROUNDS: usize = 4;
pub const THREADS: [usize; 2] = [1, 16];

/// What was measured of one kind of work, at so many threads.
pub struct Compared {
    pub kind: Kind,
    pub threads: usize,
    pub ours: Times,
    pub theirs: Times,
    /// Conflicts that reached the caller.
    pub conflicts: usize,
}

pub fn compare(house: &House, time: Duration) -> Vec<Compared> {
    let seen = Seen::look(house);
    let most = THREADS.into_iter().max().unwrap();
    let mut ours: Vec<Worker> = (0..most).map(|_| Worker::new(house)).collect();
    let plain = |_| plain::work::Worker { plain: plain::open(house), seen: &seen, backend: house.backend, again: 0 };
    let mut theirs: Vec<_> = (0..most).map(plain).collect();
    check(house, &mut ours[0], &mut theirs[0]);
    let mut all = Vec::new();
    for kind in Kind::ALL {
        for threads in THREADS {
            let (mut of_ours, mut of_theirs) = (Times::default(), Times::default());
            // The first turn fills the caches, and counts for nobody.
            for round in 0..=ROUNDS {
                let mut one = turn(house, kind, time, &mut ours[..threads], Worker::run);
                let mut other = turn(house, kind, time, &mut theirs[..threads], plain::work::Worker::run);
                if round == 0 {
                    (one, other) = (Times::default(), Times::default());
                }
                of_ours.join(one);
                of_theirs.join(other);
            }
            let conflicts = ours.iter_mut().map(|worker| std::mem::take(&mut worker.conflicts)).sum();
            all.push(Compared { kind, threads, ours: of_ours, theirs: of_theirs, conflicts });
        }
    }
    all
}

/// Both come to the same rows.
fn check(house: &House, ours: &mut Worker, theirs: &mut plain::work::Worker<'_>) {
    for kind in Kind::ALL {
        for _ in 0..20 {
            let task = kind.task(house.sizes);
            assert_eq!(ours.run(&task), theirs.run(&task), "{task:?}");
        }
    }
}

/// All workers do such tasks for so long.
fn turn<W: Send>(
    house: &House,
    kind: Kind,
    time: Duration,
    workers: &mut [W],
    run: fn(&mut W, &Task) -> usize,
) -> Times {
    let barrier = Barrier::new(workers.len());
    let mut all = Times::default();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for worker in workers {
            threads.push(scope.spawn(|| {
                let mut times = Times::default();
                barrier.wait();
                let began = Instant::now();
                while began.elapsed() < time {
                    let task = kind.task(house.sizes);
                    let began = Instant::now();
                    std::hint::black_box(run(&mut *worker, &task));
                    times.add(began.elapsed());
                }
                times
            }));
        }
        for thread in threads {
            all.join(thread.join().unwrap());
        }
    });
    all.took(began.elapsed());
    all
}
