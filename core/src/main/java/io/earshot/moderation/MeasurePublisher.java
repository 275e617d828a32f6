package io.earshot.moderation;

import io.earshot.protocol.Json;
import java.util.concurrent.CompletionStage;

/** Where all servers of a cluster write what was decided. Callable from any thread. */
public interface MeasurePublisher {

  /**
   * Tells the others something.
   *
   * @param about what it is about, so that it is told once however many do
   * @return failed if they cannot be reached; they are told later then
   */
  CompletionStage<Void> tell(String about, Json fact);
}
