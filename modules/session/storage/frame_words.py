"""What nearly every message and request has in it, for the compression to point at: this text never changes, for good.

Whatever was compressed with it can be read only with the very same bytes. Another text would be another form, with a
number and a constant of its own, beside this one.
"""

FRAME_1 = (
    b" themselves nevertheless particular information different following something available important possible"
    b" interface environment application documentation development configuration implementation performance"
    b" between another because without through should before example number result function value string object"
    b" return method class module import command default version request response message server client provider"
    b" database table column index error exception expected actually probably directory current process memory"
    b" language python javascript typescript https://www. http:// .com .org github const async await public private"
    b" static self. None True False null undefined print( import numpy as np\\n    def __init__(self, "
    b"\\n        return "
    b":\\n\\n```python\\n```bash\\n```\\n\\n## \\n\\n### \\n- **\\n\\n1. **:** \\n2. **\\n3. ** | --- | --- |\\n| "
    b" If you want, I can The answer is Here is Here's This means However, For example, In this case, There are "
    b" You can use Please Let me It is not Yes, No, What is the How do I Can you explain Why does Could you "
    b" would have been more than such as which they there their these those where when what will with from that "
    b" have this your into some them then than only also other about after first used using make does like just "
    b" not are was were has had can may must and for the you but all one two new any its it's don't isn't can't "
    b" is it in of to on by as at an or be if so we do no a I. The This That It In If You We A To For And But  "
    b'{"id":"msg_","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],'
    b'"logprobs":[],"text":""}],"role":"assistant"}'
    b'{"id":"rs_","type":"reasoning","summary":[{"type":"summary_text","text":""}],"encrypted_content":""}'
    b'{"id":"fc_","type":"function_call","status":"completed","arguments":"{}","call_id":"call_","name":""}'
    b'{"type":"function_call_output","call_id":"call_","output":""}'
    b'{"functionCall":{"name":"","args":{}},"thoughtSignature":""}{"functionResponse":{"name":"","response":{}}}'
    b'{"role":"model","parts":[{"text":"","thought":true},{"text":"","thoughtSignature":""}]}'
    b'{"role":"user","parts":[{"text":""}]}{"type":"message","role":"user","content":[{"type":"input_text","text":""}]}'
    b'{"type":"input_image","image_url":"blob:"}{"type":"image_url","image_url":{"url":"blob:"}}'
    b'{"type":"image","source":{"type":"base64","media_type":"image/png","data":"blob:"}}'
    b'{"role":"assistant","content":"","reasoning":"","reasoning_content":"","tool_calls":[{"id":"call_",'
    b'"type":"function","function":{"name":"","arguments":"{}"}}]}{"role":"tool","tool_call_id":"call_","content":""}'
    b'[{"type":"thinking","thinking":"","signature":""},{"type":"text","text":""},{"type":"tool_use","id":"toolu_01",'
    b'"name":"","input":{"path":"","command":"","query":"","url":""}}]'
    b'{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01","content":[{"type":"text","text":""}]}]}'
    b'{"role":"assistant","content":[{"type":"text","text":""}]}{"role":"user","content":[{"type":"text","text":""}]}'
    b'{"role":"user","content":""}'
    b'{"role":"tool","parts":[{"type":"tool_result","call_id":"call_","parts":[{"type":"text","text":""}],'
    b'"is_error":false,"ran":true}]'
    b'{"role":"assistant","parts":[{"type":"reasoning","text":""},{"type":"text","text":""},{"type":"tool_call",'
    b'"id":"call_","name":"","arguments":"{\\"path\\":\\"\\"}","native_id":"toolu_01"}],"origin":{'
    b'"dialect":"gemini-content","issuer":"","model":"gemini-","dialect":"openai-chat","issuer":"groq api.groq.com ",'
    b'"model":"llama-","dialect":"openai-responses","issuer":"openai api.openai.com openai","model":"gpt-",'
    b'"dialect":"anthropic-messages","issuer":"anthropic api.anthropic.com anthropic","model":"claude-sonnet-5-5",'
    b'"made_under":""},"native":null,"state":"complete","stop":"tool_use","usage":{"input":,"output":,'
    b'"cache_read":0,"cache_write":0,"reasoning":0,"cost":null}}'
    b'"native":null,"state":"complete","stop":"end_turn","usage":{"input":'
    b'{"role":"user","parts":[{"type":"text","text":""}],"origin":null,"native":null,"state":"complete","stop":null,'
    b'"usage":null}'
)
