package io.earshot;

import io.earshot.config.Setting;

/**
 * Settings of the {@link Feed}: what waits for webhooks, the database, and consumers of programs.
 *
 * <p>Immutable.
 */
@SuppressWarnings("doclint:missing") // @Setting says what @param would repeat
public record FeedSettings(
    @Setting(
            value =
                "A folder on a local disk for events that wait, so that they survive a restart. Each server needs"
                    + " a folder of its own. Empty: the folder feed in rooms.historyFolder, or in memory only if that"
                    + " is empty, too. Events of a cluster wait in Redis.",
            defaultValue = "")
        String folder,
    @Setting(
            value =
                "How many bytes of events may wait, together. Beyond it the oldest are dropped.",
            defaultValue = "268435456",
            min = 1 << 20)
        int bytes) {}
