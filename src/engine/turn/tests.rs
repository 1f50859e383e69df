use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn who_pauses_lets_another_in() {
    let turns = Arc::new(Turns::new(1));
    let (one, other) = (Turn::of(&turns), Turn::of(&turns));
    one.take().await;
    let begun = Instant::now();
    let pausing = async {
        one.pause(seconds(5)).await;
        begun.elapsed()
    };
    let working = async {
        other.take().await;
        assert_eq!((begun.elapsed(), turns.idle(), turns.waiting()), (seconds(0), 1, 0));
        sleep(seconds(7)).await;
        assert_eq!(turns.waiting(), 1, "it wants its turn back");
        drop(other);
    };
    let (paused, ()) = tokio::join!(pausing, working);
    assert_eq!((paused, turns.idle(), turns.waiting()), (seconds(7), 0, 0));
    // Two of the seven seconds were ours.
    one.is_over(begun, seconds(6)).await;
    assert_eq!(begun.elapsed(), seconds(8));
}

#[tokio::test(start_paused = true)]
async fn who_takes_long_to_greet_holds_nobody_up() {
    let turns = Arc::new(Turns::new(1));
    let (one, other) = (Turn::of(&turns), Turn::of(&turns));
    let greeting = async {
        sleep(seconds(1)).await;
        assert_eq!((turns.idle(), turns.waiting()), (0, 0), "it may yet greet");
        sleep(seconds(9)).await;
        assert_eq!((turns.idle(), turns.free.available_permits()), (1, 0));
    };
    other.take().await;
    let (begun, leaving) = (Instant::now(), async {
        sleep(seconds(30)).await;
        drop(other);
    });
    tokio::join!(one.meet(greeting), leaving);
    assert_eq!((begun.elapsed(), turns.idle()), (seconds(30), 0), "it waits for its turn");
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_is_counted_no_longer() {
    let turns = Arc::new(Turns::new(1));
    let (one, other) = (Turn::of(&turns), Turn::of(&turns));
    one.take().await;
    assert!(timeout(seconds(3), other.take()).await.is_err());
    assert_eq!(turns.waiting(), 0);
    assert_eq!(other.kept(), seconds(3), "until then it was kept waiting");
    drop(one);
    turns.are_free().await;
    other.take().await;
    assert!(timeout(seconds(3), turns.are_free()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_is_silent_for_long_goes_on_without() {
    let turns = Arc::new(Turns::new(1));
    let (one, other) = (Arc::new(Turn::of(&turns)), Turn::of(&turns));
    let (ours, mut theirs) = tokio::io::duplex(64);
    let mut heard = Listening::new(Box::new(ours), Arc::clone(&one));
    one.take().await;
    let server = async {
        // Again and again, and never for too long.
        for _ in 0..5 {
            sleep(Duration::from_millis(1900)).await;
            theirs.write_all(b"a").await.unwrap();
        }
        assert_eq!((turns.idle(), turns.free.available_permits()), (0, 0));
        sleep(Duration::from_millis(2100)).await;
        assert_eq!((turns.idle(), turns.free.available_permits()), (1, 1));
        other.take().await;
        theirs.write_all(b"b").await.unwrap();
        theirs
    };
    let client = async {
        let mut bytes = [0; 6];
        heard.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"aaaaab");
    };
    let (_theirs, ()) = tokio::join!(server, client);
    assert_eq!(turns.idle(), 0, "it has said something");
    assert!(one.state().permit.is_none(), "the turn is the other's by now");
    drop(other);
    let (ours, mut theirs) = tokio::io::duplex(64);
    let mut heard = Listening::new(Box::new(ours), Arc::clone(&one));
    let late = async {
        sleep(seconds(3)).await;
        theirs.write_all(b"c").await.unwrap();
        theirs
    };
    let mut byte = [0];
    let (_theirs, read) = tokio::join!(late, heard.read_exact(&mut byte));
    read.unwrap();
    assert!(one.state().permit.is_some(), "there was one for it");
}
