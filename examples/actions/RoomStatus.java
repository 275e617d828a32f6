import io.earshot.*;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** Who is in a room. */
public final class RoomStatus implements Action {
  @Override
  public List<String> required() {
    return List.of("room");
  }

  @Override
  public void run(Call call) throws Exception {
    var asked = call.api().chatRoom().socketRoomStatus(call.text("room")).toCompletableFuture();
    try {
      call.put("roomStatus", asked.get().toJson()); // waiting is fine: this thread is virtual
    } catch (ExecutionException e) {
      throw new RefusedException(e.getCause().getMessage());
    }
  }
}
