//! A single payload, event or PDU, taken apart.
