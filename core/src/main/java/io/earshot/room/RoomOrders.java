package io.earshot.room;

import io.earshot.protocol.RoomStatus;
import java.util.concurrent.CompletionStage;

/** Makes the {@link RoomOrder} of each room. */
public interface RoomOrders {

  /** Whether other servers share the orders. */
  boolean areShared();

  /** The order of a new room; called on the room's loop. */
  RoomOrder of(Room room);

  /** Asks for the members of a room; completes on any thread. */
  CompletionStage<RoomStatus> status(String room);
}
