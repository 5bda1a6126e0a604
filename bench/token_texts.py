"""Text of each kind for `token_estimate`, made on the spot: shipped, generated, or written for it."""

import base64
import json
import random
import re
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

from modules.config import ROOT

CHARS = (1_500, 6_000)  # of a sample
SENTENCES: Mapping[str, tuple[str, ...]] = {
    "German": (
        "Die Besprechung wurde verschoben, weil zwei Kolleginnen noch auf die Zahlen aus der Buchhaltung warten.",
        "Nach langem Überlegen entschied sie sich, das Fahrrad zu verkaufen und künftig mit der Straßenbahn zu fahren.",
        "Ein gutes Brot braucht Zeit: Der Teig ruht über Nacht, damit er sein Aroma entwickeln kann.",
        "Welche Voraussetzungen müssen erfüllt sein, bevor die Versicherung den Schaden übernimmt?",
        "Im Garten hinter dem Haus wachsen Johannisbeeren, Zwetschgen und ein alter Nussbaum.",
        "Wenn der Rechner beim Hochfahren hängen bleibt, hilft es oft, die zuletzt eingebauten Teile zu entfernen.",
    ),
    "French": (
        "Le train de sept heures a été supprimé, et les voyageurs attendent sur le quai depuis presque une heure.",
        "Elle a relu sa lettre trois fois avant de la glisser dans l'enveloppe et de la poster.",
        "Qu'est-ce qui vous a amenés à choisir cette région plutôt que le bord de la mer ?",
        "Pour réussir la sauce, il faut la laisser réduire doucement sans jamais cesser de remuer.",
        "Les résultats de l'enquête montrent que la majorité des habitants souhaite davantage d'arbres en ville.",
        "Il n'y a pas de raison de s'inquiéter : le logiciel enregistre chaque modification automatiquement.",
    ),
    "Spanish": (
        "Mañana por la tarde llegará el técnico para revisar la instalación eléctrica del segundo piso.",
        "No recordaba dónde había dejado las llaves, así que volvió sobre sus pasos hasta la panadería.",
        "¿Cuánto tiempo se tarda en aprender a tocar la guitarra si uno practica todos los días?",
        "El informe señala que las ventas crecieron un poco, aunque menos de lo que se esperaba.",
        "Cuando era niño pasábamos los veranos en un pueblo pequeño cerca de la montaña.",
        "Conviene guardar una copia de los documentos antes de instalar la nueva versión del programa.",
    ),
    "Russian": (
        "Вчера вечером мы долго гуляли по набережной и говорили о том, как изменился город за последние годы.",
        "Чтобы получить справку, нужно заполнить заявление и приложить копию паспорта.",
        "Она открыла окно, и в комнату ворвался запах мокрой листвы и дыма.",
        "Почему программа перестаёт отвечать, если открыть сразу несколько больших файлов?",
        "Врач посоветовал больше двигаться, меньше волноваться и раньше ложиться спать.",
        "В библиотеке можно взять на дом не более пяти книг на срок до одного месяца.",
    ),
    "Chinese": (
        "昨天晚上我们沿着河边散步,聊起这座城市这些年的变化,不知不觉就走到了老桥。",
        "如果程序在启动时没有反应,请先检查配置文件是否正确,然后再重新安装。",
        "会议改到星期四下午,因为财务部门的数字还没有准备好。",
        "做面包需要耐心,面团要放一个晚上,第二天早上才能烤出香味。",
        "这份报告指出,销售额虽然有所增长,但是低于原来的预期。",
        "请问从这里到火车站怎么走比较快,坐地铁还是打车?",
    ),
    "Japanese": (
        "会議は木曜日の午後に変更されました。経理部からの数字がまだ届いていないためです。",
        "プログラムが起動しないときは、まず設定ファイルを確認してから、もう一度インストールしてください。",
        "子どもの頃は、毎年夏になると山の近くの小さな村で過ごしていました。",
        "美味しいパンを焼くには、生地を一晩寝かせることが大切だと祖母は言っていた。",
        "駅まで歩いてどのくらいかかりますか。バスのほうが早いでしょうか。",
        "調査の結果、多くの住民が街にもっと木を植えてほしいと考えていることがわかった。",
    ),
    "Korean": (
        "회의는 목요일 오후로 미뤄졌는데, 회계팀의 숫자가 아직 준비되지 않았기 때문이다.",
        "프로그램이 시작되지 않으면 먼저 설정 파일을 확인한 다음 다시 설치해 주세요.",
        "어렸을 때는 여름마다 산 근처의 작은 마을에서 시간을 보냈다.",
        "여기서 기차역까지 가려면 지하철과 버스 중에 어느 쪽이 더 빠를까요?",
        "조사 결과 많은 주민들이 도시에 나무가 더 많아지기를 바라는 것으로 나타났다.",
    ),
    "Arabic": (
        "تأجل الاجتماع إلى يوم الخميس لأن أرقام قسم المحاسبة لم تصل بعد.",
        "إذا لم يعمل البرنامج عند التشغيل فتأكد أولا من ملف الإعدادات ثم أعد تثبيته.",
        "كنا نقضي الصيف كل عام في قرية صغيرة قرب الجبل عندما كنت طفلا.",
        "كم من الوقت يحتاج المرء ليتعلم العزف على العود إذا تدرب كل يوم؟",
        "تشير نتائج الدراسة إلى أن معظم السكان يرغبون في مزيد من الأشجار في المدينة.",
    ),
    "Hindi": (
        "बैठक गुरुवार की दोपहर तक टाल दी गई है, क्योंकि लेखा विभाग के आँकड़े अभी तैयार नहीं हैं।",
        "अगर प्रोग्राम शुरू नहीं होता है तो पहले सेटिंग की फ़ाइल देखें और फिर उसे दोबारा स्थापित करें।",
        "बचपन में हम हर गर्मी पहाड़ के पास एक छोटे से गाँव में बिताते थे।",
        "यहाँ से रेलवे स्टेशन तक जाने में कितना समय लगता है?",
        "सर्वेक्षण के अनुसार ज़्यादातर लोग शहर में और पेड़ चाहते हैं।",
    ),
}  # fmt: skip


def kinds(seed: int = 13) -> dict[str, list[str]]:
    """Samples of each kind of text."""
    chance = random.Random(seed)
    english = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
    words = re.findall(r"\b[a-z]{3,12}\b", english)
    library = Path(sysconfig.get_path("stdlib"))
    modules = [path.read_text("utf-8", "replace") for path in sorted(library.glob("*.py"))]
    makers: dict[str, Callable[[], str]] = {
        "prose": lambda: _cut(english, chance),
        "code": lambda: _cut(chance.choice(modules), chance),
        **{name: _sentences(name, chance) for name in SENTENCES},
        "JSON": lambda: json.dumps([_value(chance, words, 0) for _ in range(12)], indent=chance.choice((None, 2))),
        "base64": lambda: base64.b64encode(chance.randbytes(chance.randint(1_000, 4_000))).decode(),
        "numbers": lambda: "\n".join(",".join(f"{chance.uniform(-99, 999):.2f}" for _ in range(6)) for _ in range(60)),
        "log": lambda: "\n".join(_log_line(chance, words) for _ in range(40)),
    }  # fmt: skip
    found = {name: [make() for _ in range(14)] for name, make in makers.items()}
    mixed = [[chance.choice(samples) for samples in chance.sample(list(found.values()), 4)] for _ in range(14)]
    return {**found, "mixed": ["\n\n".join(one) for one in mixed]}


def _cut(text: str, chance: random.Random) -> str:
    length = chance.randint(*CHARS)
    start = chance.randrange(max(1, len(text) - length))
    return text[start : start + length]


def _sentences(language: str, chance: random.Random) -> Callable[[], str]:
    space = "" if language in ("Chinese", "Japanese") else " "
    return lambda: space.join(chance.choices(SENTENCES[language], k=chance.randint(15, 40)))


def _value(chance: random.Random, words: list[str], depth: int) -> object:
    kind = chance.random()
    if depth < 3 and kind < 0.5:
        return {chance.choice(words): _value(chance, words, depth + 1) for _ in range(chance.randint(2, 6))}
    if depth < 3 and kind < 0.6:
        return [_value(chance, words, depth + 1) for _ in range(chance.randint(1, 5))]
    plain = (
        chance.randrange(100_000),
        True,
        None,
        " ".join(chance.choices(words, k=6)),
        round(chance.uniform(0, 999), 2),
    )
    return chance.choice(plain)


def _log_line(chance: random.Random, words: list[str]) -> str:
    day, hour, minute, thousandth = (chance.randrange(most) for most in (28, 24, 60, 1000))
    said = " ".join(chance.choices(words, k=6))
    at = f"2026-11-{day + 1:02} {hour:02}:{minute:02}:07,{thousandth:03}"
    return f"{at} INFO [{chance.choice(words)}] {said} took {chance.randint(1, 2000)} ms"
