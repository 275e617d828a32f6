package io.earshot.moderation;

import io.earshot.protocol.Json;
import java.util.concurrent.CompletionStage;

/** The log of measures that all servers of a cluster share. Callable from any thread. */
public interface MeasurePublisher {

  /**
   * Appends a fact to the log.
   *
   * @param about the subject of the fact: a fact that several servers append with the same subject
   *     is logged once
   * @return failed if the log cannot be reached; then the fact is appended when it can be
   */
  CompletionStage<Void> tell(String about, Json fact);
}
