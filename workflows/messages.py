"""Sentences for the portal's user: what happened, what happens next, whether to do something."""

from workflows.contract import Phase, Status

_BY_PHASE = {
    Phase.PREPARING: "Hlášení jsme převzali a připravujeme je k odeslání do systému INSYZ. "
    "Nemusíte nic dělat.",
    Phase.SENDING: "Hlášení odesíláme do systému INSYZ. Nemusíte nic dělat.",
    Phase.SETTLING: "Systém INSYZ odeslané hlášení zatím nepotvrdil. Ověříme, zda je přijal, a "
    "teprve pak budeme pokračovat. Nemusíte nic dělat.",
    Phase.WAITING: "Systém INSYZ teď není dostupný. Hlášení je uložené a odešleme je, jakmile to "
    "půjde. Nemusíte nic dělat.",
    Phase.NEEDS_DECISION: "Není jisté, zda systém INSYZ hlášení přijal. Ověří to správce. "
    "Neodesílejte je prosím znovu.",
    Phase.TAKEN: "Hlášení bylo úspěšně přijato systémem INSYZ.",
    Phase.FOUND: "Hlášení bylo úspěšně přijato systémem INSYZ.",
    Phase.STOPPED: "Odesílání hlášení přerušil správce. Až je pustí znovu, hlášení se neztratí "
    "ani neodešle dvakrát. Nemusíte nic dělat.",
}

_BY_ERROR = {
    "InvalidReportError": "Systém INSYZ hlášení v této podobě nepřijal. Opravte je prosím a "
    "odešlete znovu. Důvod: {reason}",
    "AuthenticationError": "Hlášení se nepodařilo odeslat, protože INSYZ odmítl přihlášení "
    "portálu. Na hlášení není nic špatně, správce je po opravě odešle znovu.",
    "InsyzUnavailable": "Systém INSYZ je nedostupný a hlášení se nepodařilo odeslat. "
    "Zkuste je prosím odeslat později.",
    "OutcomeUnknownError": "Systém INSYZ hlášení opakovaně nepotvrdil a nemá je. Zkuste je "
    "prosím odeslat později.",
    "SubmissionCancelled": "Odeslání hlášení bylo zrušeno dřív, než je INSYZ přijal. Hlášení "
    "můžete upravit a odeslat znovu. Důvod: {reason}",
    "RejectedByDecision": "Správce ověřil, že systém INSYZ hlášení nepřijal. Hlášení můžete "
    "opravit a odeslat znovu. Důvod: {reason}",
}

_FAILED = "Hlášení se nepodařilo odeslat. Obraťte se prosím na správce portálu."


def message_for(status: Status) -> str:
    """The Czech sentence for `status`."""
    if status.phase is not Phase.FAILED:
        return _BY_PHASE[status.phase]
    if status.error is None:
        return _FAILED
    return _BY_ERROR.get(status.error.type, _FAILED).format(reason=status.error.message)
