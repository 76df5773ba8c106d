// Errors about files that somebody else wrote.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace costate::nn {

/// "text" in double quotes, fit for a message: control characters, quotes and backslashes escaped, at most 80 characters shown.
std::string in_quotes(std::string_view text);

/// FILE: sentence
/// One line that names the file, the thing in it (tensor, layer, key) and what to do.
class FileError : public std::runtime_error {
public:
    FileError(const std::filesystem::path& file, std::string_view sentence);
};

/// A safetensors file that cannot be read or written.
class SafetensorsError : public FileError {
    using FileError::FileError;
};

/// A .npy file that cannot be read or written.
class NpyError : public FileError {
    using FileError::FileError;
};

/// A network description (the metadata of a network file) that makes no sense, or not to this version.
class NetworkError : public FileError {
    using FileError::FileError;
};

/// A golden file that does not belong to the network it is compared with.
class GoldenError : public FileError {
    using FileError::FileError;
};

}  // namespace costate::nn
