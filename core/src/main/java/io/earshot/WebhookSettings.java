package io.earshot;

import io.earshot.config.Setting;
import java.time.Duration;
import java.util.List;

/**
 * Settings of webhooks, which tell back ends what has happened.
 *
 * <p>Immutable.
 */
@SuppressWarnings("doclint:missing") // @Setting says what @param would repeat
public record WebhookSettings(
    @Setting(
            value =
                "Which events are sent where: the events, separated by commas, or all; a pattern of rooms; and a"
                    + " URL, such as \"joined,left,message orders.* https://app.example.org/events\". Further words are"
                    + " batch=100 (the most events of a request), timeout=10s, and name=NAME, by which the server"
                    + " remembers what was sent, also when the URL changes.",
            defaultValue = "")
        List<String> rules,
    @Setting(
            value =
                "How long a webhook is tried again when its back end does not accept it, after growing pauses."
                    + " Then its events become dead letters.",
            defaultValue = "24h")
        Duration retry,
    @Setting(
            value =
                "How many dead letters are kept for each rule. Beyond it the oldest are dropped.",
            defaultValue = "10000",
            max = 1_000_000)
        int deadLetters) {}
