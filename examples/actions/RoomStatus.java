import io.earshot.*;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** Returns the members of a room. */
public final class RoomStatus implements Action {
  @Override
  public List<String> required() {
    return List.of("room");
  }

  @Override
  public void run(Call call) throws Exception {
    var status = call.api().chatRoom().socketRoomStatus(call.text("room")).toCompletableFuture();
    try {
      call.put("roomStatus", status.get().toJson()); // may block: this thread is virtual
    } catch (ExecutionException e) {
      throw new RefusedException(e.getCause().getMessage());
    }
  }
}
