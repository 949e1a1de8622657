"""The names under which the world's files keep what canonical rows call otherwise: plain names, the surest first."""

from __future__ import annotations

from collections.abc import Mapping

Names = tuple[str, ...]


def names_of(words: str) -> Names:
    """The names in a text, parted by spaces."""
    return tuple(words.split())


SHARED: Mapping[str, Names] = {
    "prompt": names_of("prompt_id question_id task_id query_id instruction_id problem_id prompt_hash"),
    "prompt_text": names_of("prompt question instruction query input prompt_text problem"),
    "judge": names_of("judge judge_model judge_name reward_model rm model"),
    "annotator": names_of(
        "annotator annotator_id rater rater_id worker worker_id labeler labeler_id evaluator evaluator_id"
    ),
    "step": names_of("step global_step training_step iteration"),
    "time": names_of("time timestamp created_at tstamp datetime date ts"),
    "votes": names_of("votes n_votes num_votes vote_count n_annotators num_annotators"),
    "first": names_of("first shown_first first_shown order position"),
    "length_a": names_of("length_a len_a tokens_a chosen_length length_chosen num_tokens_a"),
    "length_b": names_of("length_b len_b tokens_b rejected_length length_rejected num_tokens_b"),
    "length": names_of("length response_length tokens num_tokens n_tokens"),
}
"""What any format may have besides."""

PAIRS: Mapping[str, Names] = {
    "score_a": names_of(
        "score_a reward_a a_score a_reward score_1 reward_1 score1 reward1 rm_score_a score_left left_score logit_a "
        "value_a r_a score_model_a scorea rewarda rating_a"
    ),
    "score_b": names_of(
        "score_b reward_b b_score b_reward score_2 reward_2 score2 reward2 rm_score_b score_right right_score logit_b "
        "value_b r_b score_model_b scoreb rewardb rating_b"
    ),
    "margin": names_of(
        "margin score_margin reward_margin score_diff reward_diff score_difference delta diff logit margin_ab"
    ),
    "probability": names_of(
        "predicted_probability prob_a predicted_prob pred_prob p_model model_probability prob_a_wins probability_a"
    ),
    "label": names_of(
        "label winner preference preferred human_label gold_label human_preference verdict soft_label p_a vote choice "
        "preferred_index target y gold better judgment"
    ),
    "verdict": names_of(
        "judge_verdict judge_label judge_preference judge_choice judge_winner judge_decision model_verdict "
        "predicted_label predicted_preference llm_verdict llm_label llm_preference verdict"
    ),
    "item_a": names_of("model_a item_a left generator_1 system_a model_1 model_x player_a"),
    "item_b": names_of("model_b item_b right generator_2 system_b model_2 model_y player_b"),
    "text_a": names_of(
        "response_a text_a answer_a output_a output_1 response1 response_1 completion_a answer_1 conversation_a text_1"
    ),
    "text_b": names_of(
        "response_b text_b answer_b output_b output_2 response2 response_2 completion_b answer_2 conversation_b text_2"
    ),
    "pair": names_of("pair_id comparison_id battle_id item_id item pair"),
}
"""Tables of pairs."""

SCORES: Mapping[str, Names] = {
    "value": names_of(
        "judge_score score reward predicted_score rm_score value rating probability prob confidence predicted "
        "prediction p p_correct predicted_probability grade"
    ),
    "truth": names_of(
        "correct is_correct truth ground_truth gold label passed y outcome target accuracy success correctness "
        "gold_label human_label"
    ),
    "text": names_of("response answer solution completion output text generation"),
    "item": names_of("item item_id sample sample_id response_id completion_id id model_name name"),
}
"""Tables of single scores."""

CHOSEN = names_of("chosen chosen_response text_chosen response_chosen chosen_text")
REJECTED = names_of("rejected rejected_response text_rejected response_rejected rejected_text")
SCORE_WORDS = names_of("score reward rewards rating avg_rating overall_score logit rm_score value logps")
MARGINS = names_of("margin reward_margin score_margin margins rewards_margins score_diff reward_diff")
"""Chosen against rejected."""

POSITIONS = frozenset({"choice", "preferred_index", "better"})
"""Labels that are positions: 0 is the first answer."""

PARAMETERS = frozenset(
    names_of(
        "learning_rate lr beta kl_coef kl_beta init_kl_coef kl_penalty batch_size train_batch_size seed epochs "
        "num_epochs num_train_epochs warmup_ratio warmup_steps weight_decay lora_r lora_rank lora_alpha lora_dropout "
        "dropout temperature top_p top_k gamma lam tau clip_range cliprange clip_eps epsilon epsilon_high "
        "num_generations group_size label_smoothing gradient_accumulation_steps per_device_train_batch_size max_length "
        "max_new_tokens max_grad_norm num_iterations optimizer loss_type lr_scheduler_type scheduler label_noise noise "
        "hidden_size num_layers alpha ppo_epochs num_ppo_epochs ent_coef entropy_coef vf_coef rank method algorithm"
    )
)
"""What a training is set to."""
