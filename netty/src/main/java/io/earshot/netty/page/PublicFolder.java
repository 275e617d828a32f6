package io.earshot.netty.page;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The folder that is served, and nothing outside it. Waits for the disk.
 *
 * <p>Immutable: each look is a new one, so that files may come, go and change.
 */
final class PublicFolder {

  /**
   * What is compressed is kept in memory, so it has to be short; so short that it pays not is not.
   */
  private static final long MIN_GZIP = 512;

  private static final int MAX_GZIP = 1 << 20;

  private final Path folder;
  private final Compressed compressed = new Compressed();

  /**
   * Looks whether it is there.
   *
   * @throws IOException if it is not; the message names the setting
   */
  PublicFolder(String folder) throws IOException {
    try {
      this.folder = Path.of(folder);
    } catch (InvalidPathException e) {
      throw new IOException("httpServer.publicFolder: there is no folder " + folder, e);
    }
    if (!Files.isDirectory(this.folder)) {
      throw new IOException("httpServer.publicFolder: there is no folder " + folder);
    }
  }

  /**
   * The names of a path, decoded; null if it is none that any file here has. A name that begins or
   * ends with a dot is never served: that leaves out ways up, hidden files, and other spellings of
   * the same file.
   *
   * @param path the path under the folder, as the request says it; a folder's ends with a slash or
   *     is empty, and means its {@code index.html}
   */
  static @Nullable List<String> names(String path) {
    var names = new ArrayList<String>();
    for (String part : path.split("/", -1)) {
      String name = decode(part);
      if (name == null || name.startsWith(".") || name.endsWith(".") || name.endsWith(" ")) {
        return null;
      }
      names.add(name);
    }
    if (names.getLast().isEmpty()) {
      names.set(names.size() - 1, "index.html");
    }
    return names.contains("") ? null : names;
  }

  /** Takes percents away; null if what comes out is no text for a name. */
  private static @Nullable String decode(String part) {
    var bytes = ByteBuffer.allocate(part.length() * 3);
    for (int i = 0; i < part.length(); i++) {
      char c = part.charAt(i);
      if (c == '%') {
        int high = i + 2 < part.length() ? Character.digit(part.charAt(i + 1), 16) : -1;
        int low = i + 2 < part.length() ? Character.digit(part.charAt(i + 2), 16) : -1;
        if (high < 0 || low < 0) {
          return null;
        }
        bytes.put((byte) (high << 4 | low));
        i += 2;
      } else {
        bytes.put(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
      }
    }
    try {
      String name = StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
      boolean odd =
          name.chars().anyMatch(c -> c < ' ' || c == 0x7F || c == '/' || c == '\\' || c == ':');
      return odd ? null : name;
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  /**
   * The form of a file that a client is to get.
   *
   * @return null if there is no such file inside the folder
   * @throws IOException if it cannot be read
   */
  @Nullable Representation find(List<String> names, boolean gzip) throws IOException {
    Path root = folder.toRealPath();
    Path named = root;
    for (String name : names) {
      named = named.resolve(name);
    }
    Path file = named.toRealPath(); // where symbolic links lead
    String name = names.getLast();
    if (Files.isDirectory(file)) {
      name = "index.html";
      file = file.resolve(name).toRealPath();
    }
    var attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!file.startsWith(root) || !attributes.isRegularFile()) {
      return null;
    }
    MediaType type = MediaType.of(name);
    Representation form = form(file, attributes, type, false);
    return gzip && type.isText() ? compressed(file, form) : form;
  }

  private static Representation form(
      Path file, BasicFileAttributes attributes, MediaType type, boolean isGzip) {
    var modified = attributes.lastModifiedTime().toInstant();
    String tag =
        "\""
            + Long.toHexString(modified.getEpochSecond())
            + Integer.toHexString(modified.getNano())
            + "-"
            + Long.toHexString(attributes.size())
            + (isGzip ? "-gz\"" : "\"");
    return new Representation(
        type, tag, modified, attributes.size(), isGzip, new Representation.Content.InFile(file));
  }

  /** The compressed form, out of a file beside it or made here; the file itself if it has none. */
  private Representation compressed(Path file, Representation form) throws IOException {
    Path beside = file.resolveSibling(file.getFileName() + ".gz");
    if (Files.isRegularFile(beside, LinkOption.NOFOLLOW_LINKS)) {
      var attributes = Files.readAttributes(beside, BasicFileAttributes.class);
      if (!attributes.lastModifiedTime().toInstant().isBefore(form.modified())) {
        return form(beside, attributes, form.type(), true);
      }
    }
    if (form.length() < MIN_GZIP || form.length() > MAX_GZIP) {
      return form;
    }
    byte[] shorter =
        compressed.of(
            file + form.tag(),
            () -> {
              try (var in = Files.newInputStream(file)) {
                return in.readNBytes(MAX_GZIP);
              }
            });
    String tag = form.tag().substring(0, form.tag().length() - 1) + "-gz\"";
    return new Representation(
        form.type(),
        tag,
        form.modified(),
        shorter.length,
        true,
        new Representation.Content.Bytes(shorter));
  }
}
