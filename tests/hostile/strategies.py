"""What somebody might hand over: JSON, texts, and reports that are valid but not meant well."""

from typing import Any

from hypothesis import strategies as st

HARD = (
    "\x00\x07\x08\t\n\x0b\r\x1b\x1f \x7f\x80\x85\x96\x9f\xa0\xad\u0301\u0316\u200b\u200f\u2028"
    "\u2029\u202e\u2066\u2069\ud800\udfff\ufdd0\ufeff\ufffd\ufffe\uffff\U0001f600\U0010ffff"
    "<>&\"'[]{}%\\/;:!-=#ěščřžŽ½²→㎞ﷺŁß٣①"
)
characters = st.one_of(st.sampled_from(HARD), st.characters(exclude_categories=()))
texts = st.one_of(
    st.text(characters, max_size=12),
    st.sampled_from(["]]>", "&amp;", "&#x1b;", "<!--", "<!DOCTYPE a>", "<?xml?>", "  ", "e\u0301"]),
)
unicode_texts = st.text(max_size=12)
names = st.one_of(
    texts,
    st.sampled_from(["", "metadata", "xml", "xmlns", "xmlns:a", "a:b", "1995", "-", ".", "Koment"]),
)
numbers = st.one_of(
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 170.0, 1e22, 5e-324, 1.7976931348623157e308]),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)


def containers(values: st.SearchStrategy[Any], names: st.SearchStrategy[str] = names) -> Any:
    return st.one_of(st.lists(values, max_size=4), st.dictionaries(names, values, max_size=4))


json_values = st.recursive(scalars, containers, max_leaves=12)
"""As from a JSON text, and with lone surrogates and integers as only Python hands them over."""

no_json = st.one_of(st.floats(), st.binary(max_size=3), st.tuples(st.integers()), st.just({1: 2}))
anything = st.recursive(
    st.one_of(scalars, no_json),
    lambda values: st.one_of(
        containers(values), st.dictionaries(st.one_of(names, st.integers()), values, max_size=3)
    ),
    max_leaves=8,
)

extra_fields = st.dictionaries(names, json_values, max_size=3)
int_adr = st.one_of(
    st.integers(0, 10), st.sampled_from(["1", "_1", "__2", "007", "123456789012345678901234567890"])
)
ids = st.sampled_from([None, "", "1", 1, 2, "a", "😀"])
attachment_ids = [3, 1, 20]
attachment_fields = st.one_of(
    st.none(),
    st.lists(st.sampled_from([*attachment_ids, "3", "20"]), max_size=4),
    st.lists(st.fixed_dictionaries({"id": st.integers(), "url": texts.filter(bool)}), max_size=2),
    st.dictionaries(names, st.sampled_from(attachment_ids), max_size=2),
)


def with_extras(
    known: dict[str, st.SearchStrategy[Any]], optional: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[dict[str, Any]]:
    """An object with these fields and others, in any order."""
    fields = st.fixed_dictionaries(known, optional=optional)
    merged = st.builds(lambda first, second: first | second, extra_fields, fields)
    return merged.flatmap(lambda one: st.permutations([*one.items()]).map(dict))


items = with_extras({}, {"id": ids, "Prilohy": attachment_fields, "metadata": json_values})
item_lists = st.lists(items, max_size=3)
keyed = st.one_of(st.just([]), st.dictionaries(names, extra_fields, max_size=3))
groups = with_extras(
    {}, {"Ridic": st.none() | int_adr, "SPZ": st.none() | texts, "Cesty": item_lists}
)
tims = with_extras({}, {"Predmety": keyed, "Prilohy_NP": attachment_fields})
sections = with_extras(
    {},
    {
        "Typ_Useku": st.one_of(scalars, st.sampled_from(["O", "odbočka", "Úsek"])),
        "Usek_Obnoven": st.one_of(scalars, st.sampled_from(["3", "05", 4, 2.0, "true"])),
        "Prilohy_Usek": attachment_fields,
    },
)
settlements = with_extras(
    {},
    {
        "Jizdne": item_lists,
        "Noclezne": item_lists,
        "Vedlejsi_Vydaje": item_lists,
        "Cas_Prace": st.lists(extra_fields, max_size=2),
        "Zvysena_Sazba": scalars,
        "metadata": json_values,
    },
)
persons = st.sampled_from(["1", "_1", "2", "007", "x→", "__"])

reports = with_extras(
    {
        "id_zp": st.integers(1, 2**31 - 1),
        "cislo_zp": st.builds("S/{}".format, texts),
        "int_adr": st.integers(1, 2**31 - 1),
        "znackari": st.lists(with_extras({"INT_ADR": int_adr}, {}), max_size=2),
        "data_a": with_extras(
            {},
            {
                "Datum_Provedeni": json_values,
                "Skupiny_Cest": st.lists(groups, max_size=2),
                "Noclezne": item_lists,
                "Vedlejsi_Vydaje": item_lists,
                "Presmerovani_Vyplat": st.one_of(
                    st.none(), st.just([]), st.dictionaries(persons, int_adr, max_size=2)
                ),
            },
        ),
        "data_b": with_extras(
            {},
            {
                "Stavy_Tim": st.one_of(st.just([]), st.dictionaries(names, tims, max_size=2)),
                "Obnovene_Useky": st.dictionaries(
                    st.sampled_from(["1", "_22", "x", "٣", "", "0"]), sections, max_size=3
                ),
                "Prilohy_Mapa": attachment_fields,
                "Cast_B_Dokoncena": json_values,
            },
        ),
        "calculation": st.dictionaries(persons, settlements, max_size=2),
        "attachments": st.tuples(
            *(
                st.fixed_dictionaries(
                    {"id": st.just(id_), "url": texts.filter(bool)},
                    optional={"fileType": texts, "fileSize": st.none() | st.integers(0, 10**12)},
                )
                for id_ in attachment_ids
            )
        ).map(list),
    },
    {"submitted_by": st.integers(1, 2**31 - 1), "resend": st.integers(0, 3)},
)
"""Valid as far as that can be said beforehand."""
