package io.earshot.connection;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What connections ask of the other servers of a cluster. Callable from any thread. */
public interface PeerSessions {

  /** Asks for what a client was; null if nobody has it. */
  CompletionStage<@Nullable Handover> handOver(String id);

  /** Sends a client away; whether there is such a client. */
  CompletionStage<Boolean> close(String id, String reason);
}
