import io.earshot.*;
import java.time.Duration;
import java.util.List;

/** Lets friends into a private room: who knows the word gets a token for it, good for an hour. */
public final class Invite implements Action {
  @Override
  public List<String> required() {
    return List.of("name", "word");
  }

  @Override
  public void run(Call call) throws RefusedException {
    if (!"swordfish".equals(call.text("word"))) { // a real one would know its users
      throw new RefusedException("that is not the word");
    }
    // createPrivateRoom() makes one whose name nobody guesses; this one is always the same.
    PrivateRoom room = call.api().chatRoom().privateRoom("private.friends");
    call.put("room", room.name());
    call.put("token", room.token(call.text("name"), Duration.ofHours(1)));
  }
}
