package io.earshot.netty.testing;

import io.earshot.protocol.Command;
import io.earshot.protocol.Json;
import io.earshot.protocol.Request;
import io.earshot.spi.Ending;
import io.earshot.spi.Inbound;
import io.earshot.spi.Intake;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes what a decoder makes of bytes, and keeps it for the test to see. */
public final class RecordingIntake implements Intake {
  public final List<Request> requests = new ArrayList<>();
  public final List<Refusal> refused = new ArrayList<>();
  public final List<byte[]> written = new ArrayList<>();
  public @Nullable Ending ending;
  public boolean inputEnded;
  public int received;
  public int congestAfter = Integer.MAX_VALUE;
  private byte[] unread = {};

  /** Feeds all bytes in three packets, cut at two places. */
  public void feed(Inbound decoder, byte[] bytes, int firstCut, int secondCut) {
    feed(decoder, Arrays.copyOfRange(bytes, 0, firstCut));
    feed(decoder, Arrays.copyOfRange(bytes, firstCut, secondCut));
    feed(decoder, Arrays.copyOfRange(bytes, secondCut, bytes.length));
  }

  /** Feeds one packet after what was left of those before, as a transport does. */
  public void feed(Inbound decoder, byte... packet) {
    byte[] all = Arrays.copyOf(unread, unread.length + packet.length);
    System.arraycopy(packet, 0, all, unread.length, packet.length);
    ByteBuf in = Unpooled.buffer(all.length + 8).writeZero(3).writeBytes(all);
    int consumed = decoder.bytes(in, 3, all.length);
    unread = Arrays.copyOfRange(all, consumed, all.length);
    in.release();
  }

  public int kept() {
    return unread.length;
  }

  public List<String> said() {
    return requests.stream()
        .map(Request::command)
        .filter(Command.Say.class::isInstance)
        .map(command -> ((Json.Text) ((Command.Say) command).message()).value())
        .toList();
  }

  public List<String> errors() {
    return requests.stream()
        .map(Request::command)
        .filter(Command.Malformed.class::isInstance)
        .map(command -> ((Command.Malformed) command).error())
        .toList();
  }

  public long quits() {
    return requests.stream().filter(request -> request.command() instanceof Command.Quit).count();
  }

  @Override
  public void handle(Request request) {
    requests.add(request);
  }

  @Override
  public boolean received(int bytes) {
    received += bytes;
    return isCongested();
  }

  @Override
  public void refused(Refusal kind) {
    refused.add(kind);
  }

  @Override
  public boolean isCongested() {
    return requests.size() >= congestAfter;
  }

  @Override
  public boolean isEnded() {
    return ending != null || quits() > 0;
  }

  @Override
  public void write(ByteBuf framed) {
    byte[] bytes = new byte[framed.readableBytes()];
    framed.getBytes(framed.readerIndex(), bytes);
    written.add(bytes);
  }

  @Override
  public void drained() {}

  @Override
  public void lost(Ending why) {
    inputEnded(why);
  }

  @Override
  public void inputEnded(Ending why) {
    inputEnded = true;
    ending = why;
  }

  @Override
  public void end(Ending ending) {
    this.ending = ending;
  }

  @Override
  public void dismiss(Ending ending) {
    this.ending = ending;
  }

  @Override
  public void gone() {}
}
