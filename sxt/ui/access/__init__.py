"""Who may use the dashboard: logins, cookies, and the checks that every request passes first."""

from sxt.ui.access.policy import AccessPolicy, decide_access
from sxt.ui.access.user import LOCAL_USER, current_user, user_of_request

__all__ = ["LOCAL_USER", "AccessPolicy", "current_user", "decide_access", "user_of_request"]
