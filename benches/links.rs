//! Precision and recall of links by the size of the crowd, and what they state of themselves: `cargo bench --bench links`.

#[path = "../tests/audit_links/rooms.rs"]
mod rooms;

use rooms::{Room, measure};

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let rooms: [(u32, u64, u32); 3] = [(5, 20, 120), (20, 8, 90), (100, 4, 60)];
    for has_windows in [false, true] {
        for stations in [1, 3] {
            for staying in [100, 50, 0] {
                for (phones, seeds, minutes) in rooms {
                    let room = Room {
                        phones,
                        stations,
                        has_windows,
                        minutes,
                        staying,
                    };
                    let _ = measure(room, 0..seeds);
                }
            }
        }
    }
}
