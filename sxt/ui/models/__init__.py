"""Model versions as the Models page shows, exports, imports and deletes them."""
