"""Files: tables with described columns, formats of other people, digests, the content store."""
