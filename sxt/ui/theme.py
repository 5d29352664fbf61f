"""The style of the shell, beyond what ``.streamlit/config.toml`` sets."""

STACK_BELOW_PX = 1100
"""Narrower windows show a page's result below its controls."""

TOP_BAR_KEY = "sxt-top-bar"
COLUMNS_KEY = "sxt-columns"
EMPTY_KEY = "sxt-empty"

STYLE = f"""<style>
[data-testid="stMainBlockContainer"] {{ padding-left: 2rem; padding-right: 2rem; max-width: 1800px; }}
[data-testid="stSidebar"] {{ min-width: 11.5rem; max-width: 14rem; }}
[data-testid="stSidebarNav"] {{ max-height: none; }}
[data-testid="stNavSectionHeader"] {{ opacity: 0.75; }}
[data-testid="stLayoutWrapper"]:has(
  > [data-testid="stVerticalBlock"] > [data-testid="stElementContainer"]:only-child > [data-testid="stEmpty"]
) {{ display: none; }}
.st-key-{TOP_BAR_KEY} {{ border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);
  padding-bottom: 0.5rem; min-height: 3rem; }}
.st-key-{TOP_BAR_KEY} [data-testid="stPopover"] button p {{ white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; font-variant-numeric: tabular-nums; }}
.st-key-{TOP_BAR_KEY} [data-testid="stPopover"] button, .st-key-{TOP_BAR_KEY} [data-testid="stPopover"] button div {{
  min-width: 0; }}
[class*="st-key-{EMPTY_KEY}-"] {{ padding: 2rem 1rem; text-align: center; align-items: center; }}
@media (max-width: {STACK_BELOW_PX}px) {{
  [class*="st-key-{COLUMNS_KEY}"] > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"] {{
    flex-direction: column; }}
  [class*="st-key-{COLUMNS_KEY}"] > [data-testid="stLayoutWrapper"] > [data-testid="stHorizontalBlock"]
    > [data-testid="stColumn"] {{ width: 100%; flex: 1 1 100%; }}
}}
</style>"""
