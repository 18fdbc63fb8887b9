"""Sentences for the portal's user: what happened, what happens next, whether to do something."""

from workflows.contract import Phase, State, Status

_BY_PHASE = {
    Phase.PREPARING: "Hlášení jsme převzali a právě je odesíláme do systému INSYZ. "
    "Nemusíte nic dělat.",
    Phase.SENDING: "Hlášení právě odesíláme do systému INSYZ. Nemusíte nic dělat.",
    Phase.SETTLING: "Systém INSYZ zatím nepotvrdil, že hlášení přijal. Za chvíli to sami ověříme. "
    "Nemusíte nic dělat a hlášení neodesílejte znovu.",
    Phase.WAITING: "Systém INSYZ je teď nedostupný. Hlášení máme uložené a odešleme je samo, "
    "jakmile to půjde. Nemusíte nic dělat.",
    Phase.NEEDS_DECISION: "Systém INSYZ nepotvrdil, zda hlášení přijal. Ověří to správce portálu. "
    "Nemusíte nic dělat a hlášení neodesílejte znovu.",
    Phase.STOPPED: "Odesílání hlášení přerušil správce portálu. O hlášení nepřijdete, správce je "
    "odešle znovu. Nemusíte nic dělat.",
}

_TAKEN = "Systém INSYZ hlášení přijal. Nemusíte už nic dělat."

_BY_ERROR = {
    "InvalidReportError": "Hlášení se nepodařilo odeslat, systém INSYZ je v této podobě nepřijme. "
    "Opravte je prosím a odešlete znovu. Důvod: {reason}",
    "AuthenticationError": "Hlášení se nepodařilo odeslat kvůli závadě v propojení se systémem "
    "INSYZ. Vaše hlášení je v pořádku, po opravě je správce portálu odešle znovu. "
    "Nemusíte nic dělat.",
    "InsyzUnavailable": "Systém INSYZ byl dlouho nedostupný a hlášení se nepodařilo odeslat. "
    "Zkuste je prosím odeslat znovu, nebo se obraťte na správce portálu.",
    "OutcomeUnknownError": "Systém INSYZ hlášení opakovaně nepřijal. Zkuste je prosím odeslat "
    "později, nebo se obraťte na správce portálu.",
    "SubmissionCancelled": "Odeslání hlášení bylo zrušeno dřív, než je systém INSYZ přijal. "
    "Můžete je upravit a odeslat znovu. Důvod: {reason}",
    "RejectedByDecision": "Správce portálu hlášení vrátil, systém INSYZ je nepřijal. Můžete je "
    "upravit a odeslat znovu. Důvod: {reason}",
}

_FAILED = "Hlášení se nepodařilo odeslat. Obraťte se prosím na správce portálu."

_BY_STATE = {
    State.DRAFT: "Hlášení je rozpracované a zatím nebylo odesláno.",
    State.SEND: "Hlášení čeká na odeslání do systému INSYZ. Nemusíte nic dělat.",
    State.SUBMITTED: _TAKEN,
    State.REJECTED: _FAILED,
    State.APPROVED: "Hlášení je schválené. Nemusíte už nic dělat.",
}


def message_for(status: Status) -> str:
    """The Czech sentence for `status`."""
    if status.state is State.REJECTED and status.error is not None:
        return _BY_ERROR.get(status.error.type, _FAILED).format(reason=status.error.message)
    if status.state is State.SEND and status.phase in _BY_PHASE:
        return _BY_PHASE[status.phase]
    return _BY_STATE[status.state]
