"""Files: tables with described columns, other people's file formats, digests, the content store."""
