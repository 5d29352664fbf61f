"""The dashboard: the only part of the package that knows Streamlit."""
