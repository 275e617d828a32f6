/** Files that event loops write through mapped memory, and the folders that one server has. */
@NullMarked
package io.earshot.disk;

import org.jspecify.annotations.NullMarked;
