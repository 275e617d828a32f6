package io.earshot.action;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.PrivateRoom;
import io.earshot.RefusedException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The shipped action {@code privateRoom}: creates a private room for any client, if the setting
 * {@code tokens.forAnyone} allows it.
 *
 * <p>Immutable.
 */
public final class PrivateRoomAction implements Action {
  private static final Duration LIFETIME = Duration.ofDays(7);

  @Override
  public String name() {
    return "privateRoom";
  }

  @Override
  public String description() {
    return "Creates a private room. The answer has its unguessable name, and a token that admits"
        + " whoever shows it. The token expires after a week.";
  }

  @Override
  public Map<String, Object> outputExample() {
    var example = new LinkedHashMap<String, Object>();
    example.put("room", "private.5f0c2a7e9b1d4c3f8a6e0d2b4c6e8f10");
    example.put("token", "eyJhbGciOiJIUzI1NiIsImtpZCI6Im93biIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl");
    return example;
  }

  @Override
  public void run(Call call) throws RefusedException {
    if (!call.api().configData().tokens().forAnyone()) {
      throw new RefusedException("Error: clients may not create private rooms on this server");
    }
    PrivateRoom room = call.api().chatRoom().createPrivateRoom();
    call.put("room", room.name());
    try {
      call.put("token", room.token("", LIFETIME));
    } catch (IllegalStateException e) {
      throw new RefusedException("Error: this server has no key to make tokens with");
    }
  }
}
