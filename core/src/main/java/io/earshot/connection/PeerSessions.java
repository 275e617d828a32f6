package io.earshot.connection;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The sessions on the other servers of a cluster. Callable from any thread. */
public interface PeerSessions {

  /** Takes a session over from the server that has it; null if no server does. */
  CompletionStage<@Nullable Handover> handOver(String id);

  /** Closes a connection on another server; completed with whether there is one of this id. */
  CompletionStage<Boolean> close(String id, String reason);
}
