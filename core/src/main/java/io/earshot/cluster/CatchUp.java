package io.earshot.cluster;

import io.earshot.room.Shard;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * The rooms of one event loop that are to ask for what they missed, a few at a time: all of them in
 * one moment would keep what is behind the broker busy for longer than it is waited for.
 *
 * <p>Owned by that event loop.
 */
final class CatchUp {
  /** So many rooms ask the other servers at once. */
  private static final int MOST_ASKING = 250;

  private final Shard shard;
  private final Queue<ClusterOrder> inTurn = new ArrayDeque<>(0);
  private int asking;

  CatchUp(Shard shard) {
    this.shard = shard;
  }

  /** Lets a room ask for what it has missed, once few enough others do. */
  void askInTurn(ClusterOrder order) {
    inTurn.add(order);
    askNext();
  }

  private void askNext() {
    ClusterOrder next = asking < MOST_ASKING ? inTurn.poll() : null;
    if (next != null) {
      asking++;
      var _ =
          next.turn()
              .whenComplete(
                  (_, _) ->
                      shard.later(
                          () -> {
                            asking--;
                            askNext();
                          }));
    }
  }
}
