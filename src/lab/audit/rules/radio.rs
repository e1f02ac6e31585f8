//! B15: the radio itself does not tell.

use crate::lab::audit::rule::RuleId;
use crate::lab::audit::verdict::Judgement;

pub(super) fn judge() -> Judgement {
    Judgement::not_observable(
        RuleId::B15,
        "a capture of packets holds no signal: it needs a software-defined radio; a risk that remains",
    )
}
