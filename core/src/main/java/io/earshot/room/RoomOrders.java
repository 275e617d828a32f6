package io.earshot.room;

import io.earshot.protocol.RoomStatus;
import java.util.concurrent.CompletionStage;

/** Where rooms get their {@link RoomOrder} from. */
public interface RoomOrders {

  /** Whether other servers have part in them. */
  boolean areShared();

  /** The order of a room that is made; called on its loop. */
  RoomOrder of(Room room);

  /** Asks who is in a room; answered on any thread. */
  CompletionStage<RoomStatus> status(String room);
}
