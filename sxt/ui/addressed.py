"""Which of several stored items a page shows: the one its address names, the one chosen last, or the newest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import streamlit as st


class HasId(Protocol):
    """An item of a list."""

    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=HasId)


@dataclass(frozen=True)
class AddressedItem:
    """A choice among stored items that is kept in the page's address.

    Parameters
    ----------
    parameter : str
        Its name in the address.
    key : str
        Begins the names under which the session remembers it.
    """

    parameter: str
    key: str

    def news(self) -> str | None:
        """Return the id that the address asks for, where this session did not write it there itself; once."""
        asked = st.query_params.get(self.parameter)
        if not asked or asked == st.session_state.get(self._written):
            return None
        st.session_state[self._written] = asked
        return asked

    def want(self, item_id: str) -> None:
        """Show an item when the page runs again."""
        st.session_state[self._wanted] = item_id

    @property
    def wanted(self) -> str | None:
        """The id of the item that is wanted, which need not be there."""
        found: str | None = st.session_state.get(self._wanted)
        return found

    def current(self, items: Sequence[Item]) -> Item | None:
        """Return the item to show, the first by default, and write it into the address."""
        found = next((each for each in items if each.id == self.wanted), items[0] if items else None)
        if found is None:
            st.query_params.pop(self.parameter, None)
            st.session_state.pop(self._written, None)
            return None
        if st.query_params.get(self.parameter) != found.id:
            st.query_params[self.parameter] = found.id
        st.session_state[self._written] = found.id
        return found

    def control(self, label: str, labels: dict[str, str], shown_id: str) -> None:
        """Draw the control that chooses among items, given what the list says of each."""
        key = f"{self.key}-choice"
        st.session_state[key] = shown_id
        st.selectbox(
            label,
            list(labels),
            format_func=lambda item_id: labels.get(item_id, item_id),
            key=key,
            on_change=self._take,
            args=(key,),
        )

    def _take(self, key: str) -> None:
        self.want(st.session_state[key])

    @property
    def _written(self) -> str:
        return f"{self.key}-address"

    @property
    def _wanted(self) -> str:
        return f"{self.key}-wanted"
