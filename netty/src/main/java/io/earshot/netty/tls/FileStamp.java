package io.earshot.netty.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/**
 * The attributes of a file that change when the file is replaced.
 *
 * <p>Immutable.
 */
record FileStamp(FileTime changed, long size, @Nullable Object identity) {
  private static final FileStamp MISSING = new FileStamp(FileTime.fromMillis(0), -1, null);

  /** The attributes that a file has now. */
  static FileStamp of(String file) {
    try {
      var attributes = Files.readAttributes(Path.of(file), BasicFileAttributes.class);
      return new FileStamp(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
    } catch (IOException e) {
      return MISSING;
    }
  }
}
