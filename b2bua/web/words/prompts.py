"""Prompts: uploaded, recorded, and those that come along."""

# ruff: noqa: RUF001  # Chinese punctuation

from typing import Final

from b2bua.web.words.tongue import Entries

WORDS: Final[Entries] = {
    "prompts": ("语音文件", "Prompts"),
    "own_prompts": ("自己的语音", "Own prompts"),
    "catalogue": ("自带语音", "Those that come along"),
    "catalogue_why": (
        "系统自带，按号码的语言播放。",
        "They come with the program, in the number's language.",
    ),
    "choose_file": ("选择文件", "Choose a file"),
    "no_file": ("未选择", "none chosen"),
    "seconds": ("秒", "s"),
    "unused": ("未使用", "not in use"),
    "in_use": ("正在使用，不能删除", "in use, cannot be deleted"),
    "no_sounds": ("还没有自己的语音", "No prompt of your own yet"),
    "no_sounds_why": (
        "上传一个音频文件，或对着麦克风录一段：彩铃、语音导航、留言提示都可以用。",
        "Upload a file or speak into the microphone: for greetings, menus and messages.",
    ),
    "beside_plan": ("随方案文件导入的语音：", "Imported with the plan's file:"),
    "upload": ("上传", "Upload"),
    "audio_file": ("音频文件", "Audio file"),
    "upload_why": (
        "WAV、MP3、FLAC、Ogg，最大 {megabytes} MB。同名即替换，下一个来电听到新的。",
        "WAV, MP3, FLAC or Ogg, {megabytes} MB at most. The same name replaces it; "
        "the next call hears the new one.",
    ),
    "uploaded": ("语音已保存。", "The prompt is kept."),
    "removed": ("语音已删除。", "The prompt is gone."),
    "record": ("录音", "Record"),
    "record_begin": ("开始录音", "Begin"),
    "record_stop": ("停止", "Stop"),
    "record_keep": ("保存这段录音", "Keep it"),
    "level": ("音量", "Level"),
    "no_microphone": ("无法使用麦克风。", "The microphone cannot be used."),
}
