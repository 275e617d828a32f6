import io.earshot.*;
import java.time.Duration;
import java.util.List;

/** Invites friends to a private room: users who know the password get a token for an hour. */
public final class Invite implements Action {
  @Override
  public List<String> required() {
    return List.of("name", "word");
  }

  @Override
  public void run(Call call) throws RefusedException {
    if (!"swordfish".equals(call.text("word"))) { // a real action would know its users
      throw new RefusedException("wrong password");
    }
    // A room with a fixed name. createPrivateRoom() returns one with a random name.
    PrivateRoom room = call.api().chatRoom().privateRoom("private.friends");
    call.put("room", room.name());
    call.put("token", room.token(call.text("name"), Duration.ofHours(1)));
  }
}
