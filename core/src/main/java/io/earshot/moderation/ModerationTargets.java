package io.earshot.moderation;

import io.earshot.Target;
import io.earshot.protocol.Json;
import java.util.concurrent.CompletionStage;

/** Whom measures reach at once. Callable from any thread. */
public interface ModerationTargets {

  /** Says goodbye to a client, on whichever server it is; whether there is such a client. */
  CompletionStage<Boolean> kick(String id, String reason);

  /**
   * Sends away all here who are meant.
   *
   * @param words what they are told
   */
  void expel(Target target, String words);

  /**
   * Sends all here out of a room.
   *
   * @param notice what they are told
   * @param words why, for those who have to go altogether
   */
  void putOut(String room, Json notice, String words);
}
