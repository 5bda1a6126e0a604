"""Bodies of Gemini's generateContent, valid and not."""

from typing import Any

from tests.wire.bodies import LONE, ODD_SCHEMAS, PNG, SCHEMA, Case
from tests.wire.facts import ModelFacts
from tests.wire.signatures import seal

PLACEHOLDER = "skip_thought_signature_validator"
SIGNED = seal("Hmm.", "gemini")
TOOL = {"name": "ls", "description": "List.", "parametersJsonSchema": SCHEMA}
OLDER = ModelFacts(issuer="gemini", reasons=True, budgeted=True)
IMAGE = {"inlineData": {"mimeType": "image/png", "data": PNG}}


def says(role: str, *parts: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": part} if isinstance(part, str) else part for part in parts], **more}


def call(name: str = "ls", signature: str = SIGNED, **more: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"name": name, "args": {"path": "."}, "id": "a", **more}}
    return {**part, "thoughtSignature": signature} if signature else part


def result(name: str = "ls", **more: Any) -> dict[str, Any]:
    return {"functionResponse": {"name": name, "response": {"output": "a b"}, "id": "a", **more}}


HI = says("user", "Hi.")
ASKED, TOLD = says("model", call()), says("user", result())


def body(*contents: Any, **more: Any) -> dict[str, Any]:
    return {"contents": list(contents or [HI]), **more}


def tools(*declared: Any, **more: Any) -> dict[str, Any]:
    return body(tools=[{"functionDeclarations": list(declared)}], **more)


def config(**more: Any) -> dict[str, Any]:
    return body(generationConfig=more)


def _case(rule: str, name: str, request: dict[str, Any], *along: str, facts: ModelFacts | None = None) -> Case:
    return Case("gemini", name, request, rule, facts, along)


VALID = [
    _case("", name, request)
    for name, request in {
        "a picture": body(says("user", "See:", IMAGE)),
        "a loop with its signature": body(HI, ASKED, TOLD),
        "a foreign call": body(HI, says("model", call(signature=PLACEHOLDER)), TOLD),
        "two calls, the first signed": body(
            HI,
            says("model", call(), call("cat", "", id="b")),
            says("user", result(), result("cat", id="b")),
        ),
        "an older turn without": body(HI, says("model", call(signature="")), TOLD, says("model", "So."), HI),
        "an empty part that is signed": body(HI, says("model", "Yes.", {"text": "", "thoughtSignature": SIGNED}), HI),
        "a thought": body(HI, says("model", {"text": "Hm.", "thought": True}, "Yes."), HI),
        "a picture in a result": body(HI, ASKED, says("user", result(parts=[IMAGE]))),
        "parameters": tools(
            TOOL,
            toolConfig={"functionCallingConfig": {"mode": "NONE"}},
            systemInstruction={"parts": [{"text": "Be kind."}]},
        ),
        "thinking": config(thinkingConfig={"includeThoughts": True, "thinkingLevel": "low"}, maxOutputTokens=9),
    }.items()
]

BROKEN = [
    _case("A1", "another role", body(says("assistant", "x"), HI)),
    _case("A2", "no contents", {"contents": []}),
    _case("A4", "two in a row", body(HI, HI)),
    _case("A5", "the model last", body(HI, says("model", "x"))),
    _case("A10", "lone surrogate", body(says("user", LONE))),
    _case("B3", "one result too few", body(HI, says("model", call(), call("cat", "")), TOLD)),
    _case("B3", "no result", body(HI, ASKED, HI)),
    _case("B4", "a result of nothing", body(says("user", result()))),
    _case("B7", "a result by another name", body(HI, ASKED, says("user", result("cat")))),
    _case("B9", "a call by the user", body(says("user", call())), "E3"),
    _case("B9", "a result by the model", body(HI, says("model", result()), HI), "B4"),
    _case("B10", "arguments as text", body(HI, says("model", call(args="{}")), TOLD)),
    _case("B13", "a result as text", body(HI, ASKED, says("user", result(response="a")))),
    _case("C1", "a result under another id", body(HI, ASKED, says("user", result(id="b")))),
    _case("C7", "a name with blanks", body(HI, says("model", call("l s")), says("user", result("l s")))),
    _case("D2", "an empty part", body(says("user", {}))),
    _case("D2", "an empty text", body(says("user", ""))),
    _case("D3", "no parts", body(says("user"))),
    _case("D6", "two in one", body(says("user", {"text": "x", **IMAGE}))),
    _case("E1", "no role", body({"parts": [{"text": "x"}]})),
    _case("E2", "a modified signature", body(HI, says("model", call(signature="enc-1-x")), TOLD)),
    _case("E2", "a foreign signature", body(HI, says("model", call(signature=seal("x", "other"))), TOLD)),
    _case("E3", "a call of this turn without", body(HI, says("model", call(signature="")), TOLD)),
    _case("E12", "unknown parameter", body(messages=[])),
    _case("E12", "unknown field of a part", body(says("user", {"text": "x", "type": "text"}))),
    _case("E12", "unknown field of a result", body(HI, ASKED, says("user", result(is_error=True)))),
    _case("E16", "a level this model lacks", config(thinkingConfig={"thinkingLevel": "xhigh"})),
    _case("E16", "a budget", config(thinkingConfig={"thinkingBudget": 9})),
    _case("E16", "both", config(thinkingConfig={"thinkingBudget": 9, "thinkingLevel": "low"})),
    _case("E16", "a level before Gemini 3", config(thinkingConfig={"thinkingLevel": "low"}), facts=OLDER),
    _case("F1", "an odd type", body(says("user", {"inlineData": {"mimeType": "text/x-odd", "data": PNG}}))),
    _case("F5", "broken base64", body(says("user", {"inlineData": {"mimeType": "image/png", "data": "!"}}))),
    _case("F6", "a picture in an older result", body(HI, ASKED, says("user", result(parts=[IMAGE]))), facts=OLDER),
    _case("F7", "no eyes", body(says("user", IMAGE)), facts=ModelFacts(issuer="gemini", vision=False)),
    _case("H1", "a limit of nothing", config(maxOutputTokens=0)),
    _case("T1", "two tools of one name", tools(TOOL, TOOL)),
    _case("T1", "no schema", tools({"name": "ls", "description": "List."})),
    *(
        _case(rule, name, tools({**TOOL, "parametersJsonSchema": odd}))
        for name, (rule, odd) in ODD_SCHEMAS.items()
        if rule == "T4"
    ),
    _case("T2", "an unknown mode", tools(TOOL, toolConfig={"functionCallingConfig": {"mode": "MAYBE"}})),
]
