"""The root of the checkpoint tree: a pretrained encoder from a folder or the hub."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import snapshot_download
from transformers import AutoConfig, AutoModel, AutoModelForSeq2SeqLM

from xstilts.encoder.model import load_tokenizer, load_whole
from xstilts.errors import InputError, one_line
from xstilts.io.hashing import digest, file_digest
from xstilts.io.tables import write_json

NO_TOKENIZER = "no tokenizer that counts characters; the model needs a tokenizer.json"
FILES = ("*.json", "*.safetensors", "*.model", "*.txt")  # never pickled weights


def fetch_model(
    *,
    path: str,
    revision: str,
    checkpoint: str,
    lora: int | None = None,
) -> None:
    """Write the manifest of a pretrained model, with its folder and the digest of its files.

    Args:
        path: hub id or folder.
        revision: the commit (or branch) of the hub.
        checkpoint: the manifest to write.
        lora: rank of the adapters that are trained in place of the model's own weights, if any.
    """
    folder = _folder(path, revision)
    files = sorted(file for file in folder.iterdir() if file.is_file())
    check_model(folder, files)
    model_digest = digest([[file.name, file_digest(file)] for file in files])
    write_json(
        Path(checkpoint),
        {
            "pretrained": str(folder),
            "weights": None,
            "base": model_digest,
            "digest": model_digest,
            "history": [],
            "heads": {},
            "lora": lora,
            "diverged": "",
        },
    )


def check_model(folder: Path, files: list[Path]) -> None:
    """Raise unless the folder holds all that any job will need of the model."""
    if not any(file.suffix == ".safetensors" for file in files):
        raise InputError(
            f"{folder}: no safetensors weights; convert the model with save_pretrained"
        )
    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
    except (ValueError, OSError, KeyError) as error:
        raise InputError(f"{folder}: its config.json names no model ({one_line(error)})") from error
    try:
        tokenizer = load_tokenizer(folder)
    except Exception as error:  # whatever another kind of file may cause
        raise InputError(f"{folder}: {NO_TOKENIZER} ({one_line(error)})") from error
    if not tokenizer.is_fast:
        raise InputError(f"{folder}: {NO_TOKENIZER}")
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModel
    model = load_whole(kind, folder, device_map="meta")  # only names and shapes
    words = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > words:
        raise InputError(
            f"{folder}: the tokenizer has {len(tokenizer):,} pieces, the model {words:,} embeddings"
        )


def _folder(path: str, revision: str) -> Path:
    if Path(path).is_dir():
        return Path(path)
    from xstilts.data.hub import in_one_line

    with in_one_line(f"{path} at {revision}: cannot be fetched from the hub"):
        return Path(snapshot_download(path, revision=revision, allow_patterns=list(FILES)))
