"""What is done where a limit of the settings is reached: the person is asked, and a pipe is refused."""

import asyncio
from contextlib import suppress

from modules.chat.command import ChatContext
from modules.errors import BudgetSpent, FileProblem
from modules.session.budget import Budget
from modules.session.conversation import Conversation


async def may_spend(chat: ChatContext, budget: Budget) -> bool:
    """Whether something may be sent now. All that was spent is summed up once; later that is done after each turn."""
    try:
        await budget.refresh(chat.conversation, only_first=True)
    except FileProblem as error:
        chat.screen.say(f"What was spent is not known. {error}")
    while (use := budget.over(chat.conversation)) is not None:
        if not await chat.confirm(f"{use} Go on all the same?"):
            return False
        budget.agree(use)
    return True


async def sum_up(budget: Budget, conversation: Conversation, seconds: float) -> None:
    """Sum up in the background, after so many seconds. Whoever is asked for money hears of what cannot be read."""
    await asyncio.sleep(seconds)
    with suppress(FileProblem):
        await budget.refresh(conversation)


async def refuse_beyond_budget(budget: Budget, conversation: Conversation) -> None:
    """Raise BudgetSpent where nobody can be asked."""
    await budget.refresh(conversation)
    if (use := budget.over(conversation)) is not None:
        raise BudgetSpent(f"{use} Nothing was sent.", cure="[budget] in settings.toml says so.")
