package io.earshot.moderation;

import io.earshot.Target;
import io.earshot.protocol.Json;
import java.util.concurrent.CompletionStage;

/** Ends connections and memberships that a new measure is against. Callable from any thread. */
public interface ModerationTargets {

  /**
   * Disconnects a client of any server of the cluster.
   *
   * @return whether there is such a client
   */
  CompletionStage<Boolean> kick(String id, String reason);

  /**
   * Disconnects all clients of this server that a target matches.
   *
   * @param words the reason that the clients receive
   */
  void disconnect(Target target, String words);

  /**
   * Removes all clients of this server from a room.
   *
   * @param notice the message that the clients receive
   * @param words the reason sent to clients that no other room accepts; they are disconnected
   */
  void removeFromRoom(String room, Json notice, String words);
}
