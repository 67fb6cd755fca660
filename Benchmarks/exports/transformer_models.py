# SPDX-License-Identifier: Apache-2.0
"""Models of transformers, small, with random weights."""

import torch
import transformers as t

from cases import CASES, Case, integers

SMALL = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
             vocab_size=120, max_position_embeddings=64)
TEXT = {"input_ids": {0: "batch", 1: "seq"}, "attention_mask": {0: "batch", 1: "seq"}}
DIMS = {"batch": 3, "seq": 11}
IMAGE = {"pixel_values": {0: "batch"}}


def text_inputs():
    return {"input_ids": integers(2, 8), "attention_mask": torch.ones(2, 8, dtype=torch.int64)}


def text(name, config, make=None, dims=DIMS, **more):
    """An encoder or decoder of texts that takes ids and a mask."""

    def build():
        values = config() if callable(config) else config
        values._attn_implementation = more.get("attention", "sdpa")
        values.use_cache = False
        model = (make or t.AutoModel.from_config)(values)
        return Case(model, text_inputs(), TEXT, dims, keywords=list(TEXT))

    CASES[name] = build


def image(name, config, size=64, make=None, axes=None, dims={"batch": 3}):
    def build():
        model = (make or t.AutoModel.from_config)(config())
        return Case(
            model, {"pixel_values": torch.randn(2, 3, size, size)},
            {"pixel_values": axes or {0: "batch"}}, dims, keywords=["pixel_values"])

    CASES[name] = build


text("bert", lambda: t.BertConfig(**SMALL))
text("bert_eager", lambda: t.BertConfig(**SMALL), attention="eager")
text("roberta", lambda: t.RobertaConfig(**SMALL))
text("distilbert", lambda: t.DistilBertConfig(
    dim=32, n_layers=2, n_heads=4, hidden_dim=48, vocab_size=120))
text("albert", lambda: t.AlbertConfig(embedding_size=16, **SMALL))
text("electra", lambda: t.ElectraConfig(embedding_size=16, **SMALL))
text("deberta_v2", lambda: t.DebertaV2Config(
    relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=8, **SMALL),
    attention="eager")
text("mpnet", lambda: t.MPNetConfig(**SMALL), attention="eager")
text("convbert", lambda: t.ConvBertConfig(embedding_size=16, **SMALL), attention="eager")
text("squeezebert", lambda: t.SqueezeBertConfig(embedding_size=32, **SMALL), attention="eager")
text("mobilebert", lambda: t.MobileBertConfig(
    embedding_size=16, true_hidden_size=16, intra_bottleneck_size=16, **SMALL), attention="eager")
text("fnet", lambda: t.FNetConfig(**SMALL), attention="eager")
text("longformer", lambda: t.LongformerConfig(attention_window=4, **SMALL), attention="eager",
     dims={"batch": 2, "seq": 8})
text("big_bird", lambda: t.BigBirdConfig(
    attention_type="original_full", **SMALL), attention="eager")
text("xlnet", lambda: t.XLNetConfig(d_model=32, n_layer=2, n_head=4, d_inner=48, vocab_size=120),
     attention="eager")
text("funnel", lambda: t.FunnelConfig(
    block_sizes=[1, 1], d_model=32, n_head=4, d_head=8, d_inner=48, vocab_size=120),
    attention="eager")
text("modernbert", lambda: t.ModernBertConfig(pad_token_id=0, **SMALL))
text("gpt2", lambda: t.GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=120, n_positions=64))
text("gpt_neo", lambda: t.GPTNeoConfig(
    hidden_size=32, num_layers=2, num_heads=4, vocab_size=120, max_position_embeddings=64,
    attention_types=[[["global", "local"], 1]]), attention="eager")
text("gptj", lambda: t.GPTJConfig(
    n_embd=32, n_layer=2, n_head=4, rotary_dim=4, vocab_size=120, n_positions=64),
    attention="eager")
text("gpt_neox", lambda: t.GPTNeoXConfig(**SMALL))
text("opt", lambda: t.OPTConfig(ffn_dim=48, word_embed_proj_dim=32, hidden_size=32,
     num_hidden_layers=2, num_attention_heads=4, vocab_size=120, max_position_embeddings=64))
text("bloom", lambda: t.BloomConfig(hidden_size=32, n_layer=2, n_head=4, vocab_size=120),
     attention="eager")
text("falcon", lambda: t.FalconConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
     vocab_size=120))
text("llama", lambda: t.LlamaConfig(num_key_value_heads=2, **SMALL))
text("llama_causal", lambda: t.LlamaConfig(num_key_value_heads=2, **SMALL),
     t.AutoModelForCausalLM.from_config)
text("mistral", lambda: t.MistralConfig(num_key_value_heads=2, sliding_window=6, **SMALL))
text("mixtral", lambda: t.MixtralConfig(num_key_value_heads=2, num_local_experts=4, **SMALL))
text("qwen2", lambda: t.Qwen2Config(num_key_value_heads=2, **SMALL))
text("qwen2_moe", lambda: t.Qwen2MoeConfig(num_key_value_heads=2, num_experts=4,
     moe_intermediate_size=16, shared_expert_intermediate_size=16, **SMALL))
text("qwen3", lambda: t.Qwen3Config(num_key_value_heads=2, head_dim=8, **SMALL))
text("gemma2", lambda: t.Gemma2Config(num_key_value_heads=2, head_dim=8, sliding_window=6, **SMALL))
text("gemma3", lambda: t.Gemma3TextConfig(num_key_value_heads=2, head_dim=8, sliding_window=6,
     **SMALL))
text("phi3", lambda: t.Phi3Config(num_key_value_heads=2, pad_token_id=0, **SMALL))
text("mamba", lambda: t.MambaConfig(hidden_size=32, num_hidden_layers=1, vocab_size=120,
     state_size=8), attention="eager")
text("t5_encoder", lambda: t.T5Config(d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
     vocab_size=120), lambda c: t.T5EncoderModel(c), attention="eager")
text("umt5_encoder", lambda: t.UMT5Config(d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
     vocab_size=120), lambda c: t.UMT5EncoderModel(c), attention="eager")
text("clip_text", lambda: t.CLIPTextConfig(**SMALL), lambda c: t.CLIPTextModel(c))


def seq2seq(name, config, attention="sdpa"):
    def build():
        values = config()
        values._attn_implementation = attention
        values.use_cache = False
        inputs = text_inputs() | {"decoder_input_ids": integers(2, 5)}
        dynamic = TEXT | {"decoder_input_ids": {0: "batch", 1: "decoded"}}
        return Case(t.AutoModelForSeq2SeqLM.from_config(values), inputs, dynamic,
                    {"batch": 3, "seq": 7, "decoded": 4}, keywords=list(inputs))

    CASES[name] = build


seq2seq("t5", lambda: t.T5Config(d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
        vocab_size=120), "eager")
seq2seq("bart", lambda: t.BartConfig(d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48,
        decoder_ffn_dim=48, vocab_size=120, max_position_embeddings=64, pad_token_id=1,
        bos_token_id=0, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=2))
seq2seq("marian", lambda: t.MarianConfig(d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48,
        decoder_ffn_dim=48, vocab_size=120, max_position_embeddings=64, pad_token_id=1,
        decoder_vocab_size=120, decoder_start_token_id=1))


class WithPast(torch.nn.Module):
    """One step of a decoder whose keys and values of before are inputs."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, ids, mask, *past):
        cache = t.DynamicCache()
        for layer in range(len(past) // 2):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        out = self.model(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True)
        states = [x for layer in out.past_key_values.layers for x in (layer.keys, layer.values)]
        return [out.logits] + states


def with_past(name, config, heads):
    def build():
        values = config()
        inputs = {"input_ids": integers(2, 1), "attention_mask": torch.ones(
            2, 6, dtype=torch.int64)}
        dynamic = {"input_ids": {0: "batch", 1: "seq"}, "attention_mask": {0: "batch", 1: "total"}}
        for layer in range(2):
            for part in ("key", "value"):
                inputs[f"past.{layer}.{part}"] = torch.randn(2, heads, 5, 8)
                dynamic[f"past.{layer}.{part}"] = {0: "batch", 2: "past"}
        return Case(WithPast(t.AutoModelForCausalLM.from_config(values)), inputs, dynamic,
                    {"batch": 3, "seq": 1, "past": 9, "total": 10})

    CASES[name] = build


with_past("gpt2_past", lambda: t.GPT2Config(
    n_embd=32, n_layer=2, n_head=4, vocab_size=120, n_positions=64), 4)
with_past("llama_past", lambda: t.LlamaConfig(num_key_value_heads=2, **SMALL), 2)

VIT = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
           image_size=64, patch_size=16)
image("vit", lambda: t.ViTConfig(**VIT))
image("deit", lambda: t.DeiTConfig(**VIT))
image("beit", lambda: t.BeitConfig(use_relative_position_bias=True, **VIT))
image("dinov2", lambda: t.Dinov2Config(**VIT), axes={0: "batch", 2: "height", 3: "width"},
      dims={"batch": 1, "height": 48, "width": 80})
image("clip_vision", lambda: t.CLIPVisionConfig(**VIT), make=lambda c: t.CLIPVisionModel(c))
image("siglip_vision", lambda: t.SiglipVisionConfig(**VIT), make=lambda c: t.SiglipVisionModel(c))
image("swin", lambda: t.SwinConfig(embed_dim=16, depths=[1, 2], num_heads=[2, 4], window_size=4,
      image_size=64), axes={0: "batch", 2: "height", 3: "width"},
      dims={"batch": 1, "height": 96, "width": 64})
image("swinv2", lambda: t.Swinv2Config(embed_dim=16, depths=[1, 2], num_heads=[2, 4], window_size=4,
      image_size=64))
image("segformer", lambda: t.SegformerConfig(
    hidden_sizes=[16, 32, 32, 48], depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 4, 4],
    decoder_hidden_size=24), make=lambda c: t.SegformerForSemanticSegmentation(c),
    axes={0: "batch", 2: "height", 3: "width"}, dims={"batch": 1, "height": 96, "width": 160})
image("mobilevit", lambda: t.MobileViTConfig(image_size=64), make=lambda c: t.MobileViTModel(c))
image("levit", lambda: t.LevitConfig(image_size=64, hidden_sizes=[16, 32, 48], depths=[1, 1, 1],
      num_attention_heads=[2, 4, 4], key_dim=[8, 8, 8]))
image("poolformer", lambda: t.PoolFormerConfig(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1]))
image("convnextv2", lambda: t.ConvNextV2Config(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 2, 1]))
image("dpt", lambda: t.DPTConfig(
    hidden_size=32, num_hidden_layers=4, num_attention_heads=4, intermediate_size=48,
    image_size=64, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 16, 24, 32],
    fusion_hidden_size=16, is_hybrid=False), make=lambda c: t.DPTForDepthEstimation(c))
image("yolos", lambda: t.YolosConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
      intermediate_size=48, image_size=[64, 64], num_detection_tokens=5,
      use_mid_position_embeddings=False), make=lambda c: t.YolosForObjectDetection(c))
image("detr", lambda: t.DetrConfig(
    use_timm_backbone=False, use_pretrained_backbone=False,
    backbone_config=t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32],
                                   depths=[1, 1, 1, 1], out_features=["stage4"]),
    d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4,
    decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48, num_queries=7),
    make=lambda c: t.DetrForObjectDetection(c),
    axes={0: "batch", 2: "height", 3: "width"}, dims={"batch": 1, "height": 96, "width": 64})
image("rtdetr", lambda: t.RTDetrConfig(
    use_timm_backbone=False, use_pretrained_backbone=False, d_model=32, encoder_hidden_dim=32,
    backbone_config=t.RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32],
                                         depths=[1, 1, 1, 1],
                                         out_features=["stage2", "stage3", "stage4"]),
    encoder_in_channels=[16, 24, 32], encoder_ffn_dim=48, decoder_ffn_dim=48, num_queries=9,
    decoder_in_channels=[32, 32, 32], decoder_layers=2, encoder_attention_heads=4,
    decoder_attention_heads=4),
    make=lambda c: t.RTDetrForObjectDetection(c))


def deformable():
    config = t.DeformableDetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False,
        backbone_config=t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 24, 32],
                                       depths=[1, 1, 1, 1],
                                       out_features=["stage2", "stage3", "stage4"]),
        d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48, num_queries=7,
        disable_custom_kernels=True)
    return Case(t.DeformableDetrForObjectDetection(config),
                {"pixel_values": torch.randn(1, 3, 64, 64)}, IMAGE, {"batch": 2},
                keywords=["pixel_values"])


CASES["deformable_detr"] = deformable


def sound(name, make, dims={"batch": 1, "length": 2200}):
    def build():
        return Case(make(), {"input_values": torch.randn(2, 1600)},
                    {"input_values": {0: "batch", 1: "length"}}, dims, keywords=["input_values"])

    CASES[name] = build


WAVE = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
            conv_dim=(16, 16, 16), conv_stride=(5, 2, 2), conv_kernel=(10, 3, 3),
            num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, vocab_size=30)
sound("wav2vec2", lambda: t.Wav2Vec2ForCTC(t.Wav2Vec2Config(**WAVE)))
sound("hubert", lambda: t.HubertModel(t.HubertConfig(**WAVE)))
sound("wavlm", lambda: t.WavLMModel(t.WavLMConfig(**WAVE)))


class WhisperPart(torch.nn.Module):
    def __init__(self, is_encoder):
        super().__init__()
        config = t.WhisperConfig(
            d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
            decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48, vocab_size=120,
            max_source_positions=50, max_target_positions=40, num_mel_bins=8, pad_token_id=0,
            bos_token_id=1, eos_token_id=2, decoder_start_token_id=1)
        model = t.WhisperForConditionalGeneration(config)
        self.part = model.model.encoder if is_encoder else model.model.decoder
        self.is_encoder = is_encoder

    def forward(self, *values):
        if self.is_encoder:
            return self.part(values[0]).last_hidden_state
        return self.part(input_ids=values[0], encoder_hidden_states=values[1],
                         use_cache=False).last_hidden_state


CASES["whisper_encoder"] = lambda: Case(
    WhisperPart(True), {"input_features": torch.randn(2, 8, 100)},
    {"input_features": {0: "batch"}}, {"batch": 3})
CASES["whisper_decoder"] = lambda: Case(
    WhisperPart(False), {"ids": integers(2, 5), "states": torch.randn(2, 50, 32)},
    {"ids": {0: "batch", 1: "seq"}, "states": {0: "batch"}}, {"batch": 3, "seq": 7})


def clip():
    config = t.CLIPConfig(text_config=SMALL, vision_config=VIT, projection_dim=24)
    inputs = text_inputs() | {"pixel_values": torch.randn(2, 3, 64, 64)}
    dynamic = {"input_ids": {0: "texts", 1: "seq"}, "attention_mask": {0: "texts", 1: "seq"},
               "pixel_values": {0: "batch"}}
    return Case(t.CLIPModel(config), inputs, dynamic, {"batch": 3, "texts": 4, "seq": 9},
                keywords=list(inputs))


CASES["clip"] = clip


def layoutlm():
    config = t.LayoutLMConfig(max_2d_position_embeddings=64, **SMALL)
    inputs = {"input_ids": integers(2, 8), "bbox": integers(2, 8, 4, below=30),
              "attention_mask": torch.ones(2, 8, dtype=torch.int64)}
    inputs["bbox"][..., 2:] += 30
    dynamic = {name: {0: "batch", 1: "seq"} for name in inputs}
    return Case(t.LayoutLMModel(config), inputs, dynamic, {}, keywords=list(inputs))


CASES["layoutlm"] = layoutlm


def vits():
    config = t.VitsConfig(
        vocab_size=40, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, ffn_dim=48,
        flow_size=32, spectrogram_bins=33, prior_encoder_num_flows=2, upsample_initial_channel=32,
        upsample_rates=[4, 2], upsample_kernel_sizes=[8, 4], resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]], posterior_encoder_num_wavenet_layers=2,
        prior_encoder_num_wavenet_layers=2, duration_predictor_num_flows=2)
    return Case(t.VitsModel(config), {"input_ids": integers(1, 9, below=40)},
                {"input_ids": {1: "seq"}}, {}, keywords=["input_ids"])


CASES["vits"] = vits
