"""Conversations of real English, and what four providers make of them: for measuring what is kept of each byte said.

The words are sentences of Python's own reference, in a random order: generated filler repeats itself and would be
compressed better than what people write. Ids, signatures and sealed reasoning are random, as the real ones look.
"""

import base64
import pydoc_data.topics
import random
import re
from collections.abc import Sequence
from typing import Any

from modules.llm.events import Usage
from modules.llm.message import Message, Origin, user
from modules.llm.models import Model
from modules.llm.parts import Part, Reasoning, Text
from modules.session.conversation import Conversation
from modules.session.turns.ask import request_for
from tests.harness.transformer_harness import REQUESTS

QUESTION_CHARS = 160
ANSWER_CHARS = 900
THOUGHT_CHARS = 200
SEALED_BYTES = 180  # of a signature, as of a short thought


def sentences() -> list[str]:
    """All of the reference's sentences, each on one line."""
    text = " ".join(" ".join(topic.split()) for topic in pydoc_data.topics.topics.values())
    return [one for one in re.split(r"(?<=[.:]) ", text) if 20 < len(one) < 400]


class Speaker:
    """Says things of about a length, always the same ones for the same seed."""

    def __init__(self, seed: int = 7) -> None:
        self.chance = random.Random(seed)
        self._sentences = sentences()

    def say(self, chars: int) -> str:
        """Different sentences, until they are about as long as that, give or take half."""
        wanted, said = chars * self.chance.uniform(0.5, 1.5), ""
        while len(said) < wanted:
            said += (" " if said else "") + self.chance.choice(self._sentences)
        return said

    def sealed(self) -> str:
        return base64.b64encode(self.chance.randbytes(SEALED_BYTES)).decode()

    def id(self, before: str, digits: int) -> str:
        return before + self.chance.randbytes(digits // 2).hex()


def talk(conversation: Conversation, speaker: Speaker, turns: int, *, thoughts: bool = False) -> int:
    """Go on with so many turns as the program does, each frozen in its model's ledger; gives the bytes said."""
    model, said = conversation.model, 0
    for _ in range(turns):
        question, answer = speaker.say(QUESTION_CHARS), speaker.say(ANSWER_CHARS)
        conversation.append(user(question))
        request = request_for(conversation, model)
        sent = REQUESTS[model.provider.dialect](request).messages
        assert sent is not None
        thought = speaker.say(THOUGHT_CHARS) if thoughts else ""
        conversation.ledger_for(model).commit(sent.pending)
        usage = Usage(speaker.chance.randrange(200, 90_000), len(answer) // 4, speaker.chance.randrange(90_000))
        parts: tuple[Part, ...] = (Reasoning(thought), Text(answer)) if thought else (Text(answer),)
        native = _native(model, thought, answer, speaker)
        origin = Origin(model.provider.dialect, model.issuer, model.id, sent.reasoning_digest if thoughts else "")
        conversation.pay(model, usage)
        conversation.append(Message("assistant", parts, origin, native, stop="end_turn", usage=usage))
        conversation.ledger_changed(model)
        said += len((question + answer + thought).encode())
    return said


def among(conversation: Conversation, speaker: Speaker, models: Sequence[Model], turns: int, **how: bool) -> int:
    """So many turns in equal stretches with each of these models; gives the bytes said."""
    said = 0
    for model in models:
        conversation.switch(model)
        said += talk(conversation, speaker, turns // len(models), **how)
    return said


def _native(model: Model, thought: str, answer: str, speaker: Speaker) -> Any:
    match model.provider.dialect:
        case "anthropic-messages":
            thinking = [{"type": "thinking", "thinking": thought, "signature": speaker.sealed()}] if thought else []
            return [*thinking, {"type": "text", "text": answer}]
        case "openai-responses":
            summary = [{"type": "summary_text", "text": thought}]
            id = speaker.id("rs_", 48)
            sealed = {"id": id, "type": "reasoning", "summary": summary, "encrypted_content": speaker.sealed()}
            content = [{"type": "output_text", "annotations": [], "logprobs": [], "text": answer}]
            item = {"id": speaker.id("msg_", 48), "type": "message", "status": "completed", "content": content}
            return [*([sealed] if thought else []), {**item, "role": "assistant"}]
        case "gemini-content":
            signature = {"thoughtSignature": speaker.sealed()} if thought else {}
            return [*([{"text": thought, "thought": True}] if thought else []), {"text": answer, **signature}]
        case _:
            return {"role": "assistant", "content": answer, **({"reasoning": thought} if thought else {})}
