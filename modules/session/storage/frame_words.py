"""What nearly every message and request has in it, for the compression to point at: this text never changes, for good.

Whatever was compressed with it can be read only with the very same bytes. Another text would be another form, with a
number and a constant of its own, beside this one.
"""

FRAME_1 = (
    " themselves nevertheless particular information different following something available important possible"
    " interface environment application documentation development configuration implementation performance"
    " between another because without through should before example number result function value string object"
    " return method class module import command default version request response message server client provider"
    " database table column index error exception expected actually probably directory current process memory"
    " language python javascript typescript https://www. http:// .com .org github const async await public private"
    " static self. None True False null undefined print( import numpy as np\\n    def __init__(self, \\n        return "
    ":\\n\\n```python\\n```bash\\n```\\n\\n## \\n\\n### \\n- **\\n\\n1. **:** \\n2. **\\n3. ** | --- | --- |\\n| "
    " If you want, I can The answer is Here is Here's This means However, For example, In this case, There are "
    " You can use Please Let me It is not Yes, No, What is the How do I Can you explain Why does Could you "
    " would have been more than such as which they there their these those where when what will with from that "
    " have this your into some them then than only also other about after first used using make does like just "
    " not are was were has had can may must and for the you but all one two new any its it's don't isn't can't "
    " is it in of to on by as at an or be if so we do no a I. The This That It In If You We A To For And But  "
    '{"id":"msg_","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],'
    '"logprobs":[],"text":""}],"role":"assistant"}'
    '{"id":"rs_","type":"reasoning","summary":[{"type":"summary_text","text":""}],"encrypted_content":""}'
    '{"id":"fc_","type":"function_call","status":"completed","arguments":"{}","call_id":"call_","name":""}'
    '{"type":"function_call_output","call_id":"call_","output":""}'
    '{"functionCall":{"name":"","args":{}},"thoughtSignature":""}{"functionResponse":{"name":"","response":{}}}'
    '{"role":"model","parts":[{"text":"","thought":true},{"text":"","thoughtSignature":""}]}'
    '{"role":"user","parts":[{"text":""}]}{"type":"message","role":"user","content":[{"type":"input_text","text":""}]}'
    '{"type":"input_image","image_url":"blob:"}{"type":"image_url","image_url":{"url":"blob:"}}'
    '{"type":"image","source":{"type":"base64","media_type":"image/png","data":"blob:"}}'
    '{"role":"assistant","content":"","reasoning":"","reasoning_content":"","tool_calls":[{"id":"call_",'
    '"type":"function","function":{"name":"","arguments":"{}"}}]}{"role":"tool","tool_call_id":"call_","content":""}'
    '[{"type":"thinking","thinking":"","signature":""},{"type":"text","text":""},{"type":"tool_use","id":"toolu_01",'
    '"name":"","input":{"path":"","command":"","query":"","url":""}}]'
    '{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01","content":[{"type":"text","text":""}]}]}'
    '{"role":"assistant","content":[{"type":"text","text":""}]}{"role":"user","content":[{"type":"text","text":""}]}'
    '{"role":"user","content":""}'
    '{"role":"tool","parts":[{"type":"tool_result","call_id":"call_","parts":[{"type":"text","text":""}],'
    '"is_error":false,"ran":true}]'
    '{"role":"assistant","parts":[{"type":"reasoning","text":""},{"type":"text","text":""},{"type":"tool_call",'
    '"id":"call_","name":"","arguments":"{\\"path\\":\\"\\"}","native_id":"toolu_01"}],"origin":{'
    '"dialect":"gemini-content","issuer":"","model":"gemini-","dialect":"openai-chat","issuer":"groq api.groq.com ",'
    '"model":"llama-","dialect":"openai-responses","issuer":"openai api.openai.com openai","model":"gpt-",'
    '"dialect":"anthropic-messages","issuer":"anthropic api.anthropic.com anthropic","model":"claude-sonnet-5-5",'
    '"made_under":""},"native":null,"state":"complete","stop":"tool_use","usage":{"input":,"output":,'
    '"cache_read":0,"cache_write":0,"reasoning":0,"cost":null}}'
    '"native":null,"state":"complete","stop":"end_turn","usage":{"input":'
    '{"role":"user","parts":[{"type":"text","text":""}],"origin":null,"native":null,"state":"complete","stop":null,'
    '"usage":null}'
).encode()
