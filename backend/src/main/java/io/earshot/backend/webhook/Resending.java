package io.earshot.backend.webhook;

import io.earshot.backend.webhook.Answer.Verdict;
import io.earshot.backend.webhook.DeadLetters.Letter;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sends dead letters again when an operator asks for it. Those that the back end accepts are
 * removed; it ends when the back end is away. Letters are sent beside the events of the feed, so
 * they are out of their order.
 *
 * <p>Thread-safe: a lock for the letters that are to be sent. One virtual thread at a time sends.
 */
final class Resending implements AutoCloseable {
  private final Webhook webhook;

  /** The ids of letters that are to be sent: at most as many as there are letters. */
  private final Set<String> asked = new LinkedHashSet<>();

  private @Nullable Thread thread;
  private boolean isClosed;

  Resending(Webhook webhook) {
    this.webhook = webhook;
  }

  /** Asks for letters to be sent; those that there are not are skipped. */
  synchronized void ask(Collection<String> ids) {
    asked.addAll(ids);
    if (thread == null && !isClosed && !asked.isEmpty()) {
      thread = Thread.ofVirtual().name("earshot-webhook-resend").start(this::run);
    }
  }

  /** How many letters are still to be sent. */
  synchronized int size() {
    return asked.size();
  }

  private synchronized List<String> next() {
    var next = new ArrayList<String>();
    Iterator<String> ids = asked.iterator();
    while (next.size() < webhook.rule().batch() && ids.hasNext()) {
      next.add(ids.next());
    }
    if (next.isEmpty()) {
      thread = null;
    }
    return next;
  }

  private synchronized void end() {
    asked.clear();
    thread = null;
  }

  private void run() {
    try {
      for (List<String> ids = next(); !ids.isEmpty(); ids = next()) {
        if (!isSent(webhook.letters().find(ids))) {
          end();
          return;
        }
        synchronized (this) {
          ids.forEach(asked::remove);
        }
      }
    } catch (InterruptedException e) {
      end(); // the server stops; the letters stay
    } catch (IOException | RuntimeException e) {
      webhook.tell("dead letters cannot be sent: " + e.getMessage());
      end();
    }
  }

  /** Sends letters once each; returns false if the back end is away. */
  private boolean isSent(List<Letter> letters) throws IOException, InterruptedException {
    List<Batch> cut =
        Batch.cut(letters.stream().map(Letter::toEvent).toList(), webhook.rule().batch());
    Deque<Batch> batches = new ArrayDeque<>(cut);
    while (!batches.isEmpty()) {
      Batch batch = batches.remove();
      Verdict verdict = webhook.send(batch).verdict();
      if (verdict == Verdict.ACCEPTED) {
        webhook.letters().remove(batch.events().stream().map(Batch.Event::id).toList());
      } else if (verdict == Verdict.AWAY) {
        return false;
      } else if (batch.size() > 1) {
        batches.addFirst(batch.secondHalf());
        batches.addFirst(batch.firstHalf());
      }
    }
    return true;
  }

  @Override
  public synchronized void close() {
    isClosed = true;
    if (thread != null) {
      thread.interrupt();
    }
  }
}
