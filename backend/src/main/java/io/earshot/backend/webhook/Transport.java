package io.earshot.backend.webhook;

import java.net.URI;
import java.time.Duration;

/** Sends requests to back ends; tests replace it. Thread-safe. */
interface Transport {
  /**
   * Sends a request, and waits for the answer. Blocks, at most for the time limit.
   *
   * @param id identifies the request and its repeats
   * @param body JSON
   */
  Answer post(URI url, String id, byte[] body, Duration timeout) throws InterruptedException;
}
