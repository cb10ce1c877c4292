"""The encoder `nano`: a small XLM-RoBERTa whose word embeddings are planted, not learned."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

from xstilts.world import World
from xstilts.world.examples import all_words
from xstilts.world.lexicon import embeddings, words

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
WIDTH = 64
NORM = 3.0  # of a planted vector; positions have about a third of it


def write_nano(world: World, folder: Path) -> None:
    """Write model and tokenizer as a Hugging Face folder."""
    vocabulary = {piece: at for at, piece in enumerate([*SPECIAL, *all_words(world)])}
    _tokenizer(vocabulary).save_pretrained(folder)
    torch.manual_seed(world.seed)
    model = XLMRobertaModel(_config(len(vocabulary)), add_pooling_layer=False)
    planted = model.embeddings.word_embeddings.weight.data
    planted[vocabulary["<pad>"]] = 0
    for code, vectors in embeddings(world, WIDTH).items():
        rows = [vocabulary[word] for word in words(world)[code]]
        planted[rows] = torch.from_numpy(NORM * vectors).float()
    model.save_pretrained(folder)


def _config(vocabulary: int) -> XLMRobertaConfig:
    return XLMRobertaConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=132,
        type_vocab_size=1,
        pad_token_id=SPECIAL.index("<pad>"),
        bos_token_id=SPECIAL.index("<s>"),
        eos_token_id=SPECIAL.index("</s>"),
        initializer_range=0.1,
    )


def _tokenizer(vocabulary: dict[str, int]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(piece, vocabulary[piece]) for piece in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=130,
    )


def special_tokens() -> list[int]:
    """Ids of the tokens that are no words."""
    return list(range(len(SPECIAL)))
